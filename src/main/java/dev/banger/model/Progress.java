package dev.banger.model;

/** Where long work tells how far it is. Called by one thread at a time; returns at once. */
public interface Progress {
  /** For work that nobody watches. */
  Progress SILENT =
      new Progress() {
        @Override
        public void stage(String name) {}

        @Override
        public void bytes(long done, long total) {}
      };

  /** A new stage begins, named as a user would: {@code download packages}. */
  void stage(String name);

  /** How many bytes of this stage are done; total -1 when unknown. */
  void bytes(long done, long total);
}
