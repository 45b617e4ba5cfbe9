package dev.banger.guest;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is to run in a guest, and how. {@code directory} empty: the user's home; {@code user} empty:
 * root. With {@code makesDirectory} the directory is made where it is missing, as root. With a
 * {@code terminal} there is no stderr of its own. If it is the machine's {@code purpose}, the guest
 * powers itself off once nobody has cared for it for long.
 */
public record ExecSpec(
    ExecId id,
    List<String> argv,
    Map<String, String> environment,
    String directory,
    boolean makesDirectory,
    String user,
    boolean stdin,
    @Nullable TerminalSize terminal,
    boolean purpose) {
  private static final int FLAG_PTY = 1;
  private static final int FLAG_NO_STDIN = 2;
  private static final int FLAG_PURPOSE = 4;
  private static final int FLAG_MAKE_DIRECTORY = 16;

  public ExecSpec {
    argv = List.copyOf(argv);
    environment = Map.copyOf(environment);
    if (argv.isEmpty()) {
      throw new IllegalArgumentException("an exec needs a command");
    }
  }

  public static Builder of(List<String> argv) {
    return new Builder(argv);
  }

  public static Builder of(String... argv) {
    return new Builder(List.of(argv));
  }

  void write(WireWriter out) {
    id.write(out);
    out.strings(argv)
        .strings(GuestConfiguration.environmentLines(environment))
        .path(directory)
        .name(user)
        .u8(
            (terminal != null ? FLAG_PTY : 0)
                | (stdin ? 0 : FLAG_NO_STDIN)
                | (purpose ? FLAG_PURPOSE : 0)
                | (makesDirectory ? FLAG_MAKE_DIRECTORY : 0));
    (terminal == null ? new TerminalSize(0, 0) : terminal).write(out);
  }

  /** Root, in its home, without terminal and stdin, unless told otherwise. */
  public static final class Builder {
    private final List<String> argv;
    private final Map<String, String> environment = new TreeMap<>();
    private ExecId id = ExecId.random();
    private String directory = "";
    private boolean makesDirectory;
    private String user = "";
    private boolean stdin;
    private @Nullable TerminalSize terminal;
    private boolean purpose;

    private Builder(List<String> argv) {
      this.argv = new ArrayList<>(argv);
    }

    public Builder id(ExecId value) {
      id = value;
      return this;
    }

    /** Over the guest's default environment. */
    public Builder environment(Map<String, String> variables) {
      environment.putAll(variables);
      return this;
    }

    public Builder directory(String value) {
      directory = value;
      return this;
    }

    /** Where it is missing, the directory is made: each component by root, 0755. */
    public Builder makesDirectory(boolean value) {
      makesDirectory = value;
      return this;
    }

    /** A name or uid, each with {@code :group} if wanted. */
    public Builder user(String value) {
      user = value;
      return this;
    }

    /** The program reads what {@link GuestExec#stdin} is given; else /dev/null. */
    public Builder stdin() {
      stdin = true;
      return this;
    }

    /** The program runs in a terminal of this size, with stdin. */
    public Builder terminal(TerminalSize size) {
      terminal = size;
      stdin = true;
      return this;
    }

    /** The machine is there for this program. */
    public Builder purpose(boolean value) {
      purpose = value;
      return this;
    }

    public ExecSpec build() {
      return new ExecSpec(
          id, argv, environment, directory, makesDirectory, user, stdin, terminal, purpose);
    }
  }
}
