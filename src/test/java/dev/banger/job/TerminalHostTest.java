package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A terminal in a guest is one: expect(1) types and reads. */
class TerminalHostTest {
  /**
   * What is looked for is typed in two halves, so that the echo of the typing does not have it. The
   * exit status is the program's.
   */
  private static final String TALK =
      """
      set timeout 120
      set env(TERM) xterm
      proc fail {why} { puts "\\n$why"; exit 99 }
      proc want {what} { expect -re $what {} timeout { fail "not seen: $what" } eof { fail "the end came before: $what" } }
      set stty_init "rows 30 columns 100"
      spawn banger vm exec -t web -- bash --norc
      want {# $}
      send "stty size\\r"
      want {30 100}
      exec stty rows 20 columns 80 < $spawn_out(slave,name)
      send "while \\[ \\"`stty size`\\"  != '20 80' \\]; do :; done; echo re''sized\\r"
      want {resized}
      send "sh -c 'echo sle''eps; exec sleep 600'\\r"
      want {sleeps}
      send "\\003"
      send "echo inter''rupted \\$?\\r"
      want {interrupted 130}
      send "sh -c 'echo wai''ts; exec sleep 600'\\r"
      want {waits}
      send "\\032"
      want {Stopped}
      send "kill -KILL %1; echo kil''led\\r"
      want {killed}
      send "less /etc/passwd\\r"
      want {root:x:0:0}
      send "q"
      send "echo after''less\\r"
      want {afterless}
      send "exit 5\\r"
      expect eof {} timeout { fail "bash did not end" }
      exit [lindex [wait] 3]
      """;

  @Test
  void resizeLessControlCAndControlZWorkAsAtHome(@TempDir Path dir) throws Exception {
    try (Host host = Host.open()) {
      host.banger("vm", "create", "web", "--start").ok();
      Path script = Files.writeString(dir.resolve("talk"), TALK);
      Host.Result result = host.sh("expect -f " + script);
      assertThat(result.status()).as(result.out()).isEqualTo(5);
    }
  }
}
