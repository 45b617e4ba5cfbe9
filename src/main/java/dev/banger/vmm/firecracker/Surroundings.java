package dev.banger.vmm.firecracker;

import dev.banger.vmm.VmmFiles;
import java.nio.file.Path;
import java.util.Map;

/** How a Firecracker names the files that we name otherwise: it may be in a jail. */
sealed interface Surroundings {
  /** The path, for Firecracker, of the socket that is our {@link VmmFiles#control}. */
  String api();

  /** The path, for Firecracker, of the socket that is our {@link VmmFiles#channel}. */
  String vsock();

  /** The path, for Firecracker, of the pipe that takes its metrics. */
  String metrics();

  /** The path, for Firecracker, of the pipe that takes its log. */
  String log();

  /** The path, for Firecracker, of a file of the VM's. */
  String of(Path file);

  /** The same file by our own path. */
  Path onHost(String path);

  /** No jail: it sees what we see. */
  record Bare(VmmFiles files) implements Surroundings {
    @Override
    public String api() {
      return files.control().toString();
    }

    @Override
    public String vsock() {
      return files.channel().toString();
    }

    @Override
    public String metrics() {
      return FirecrackerFiles.metrics(files).toString();
    }

    @Override
    public String log() {
      return FirecrackerFiles.log(files).toString();
    }

    @Override
    public String of(Path file) {
      return file.toAbsolutePath().toString();
    }

    @Override
    public Path onHost(String path) {
      return Path.of(path);
    }
  }

  /**
   * In a jail, whose root holds all its files under other names.
   *
   * @param names of the VM's files in the jail's root
   */
  record Jailed(JailFiles jail, Map<Path, String> names) implements Surroundings {
    public Jailed {
      names = Map.copyOf(names);
    }

    @Override
    public String api() {
      return "/" + JailFiles.API;
    }

    @Override
    public String vsock() {
      return "/" + JailFiles.VSOCK;
    }

    @Override
    public String metrics() {
      return "/" + JailFiles.METRICS;
    }

    @Override
    public String log() {
      return "/" + JailFiles.LOG;
    }

    @Override
    public String of(Path file) {
      return "/" + names.getOrDefault(file, file.getFileName().toString());
    }

    @Override
    public Path onHost(String path) {
      return jail.root().resolve(path.substring(1));
    }
  }
}
