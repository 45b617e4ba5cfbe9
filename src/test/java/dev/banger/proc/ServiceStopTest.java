package dev.banger.proc;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServiceStopTest {
  private static final Path SYSTEMD_RUN = Path.of("/usr/bin/systemd-run");
  private static final String OF_USER =
      "0::/user.slice/user-1000.slice/user@1000.service/app.slice/banger.service\n";
  private static final Map<String, String> RUNTIME = Map.of("XDG_RUNTIME_DIR", "/run/user/1000");

  @TempDir Path root;

  private ServiceStop stop(
      String cgroup, int uid, Map<String, String> environment, Optional<Path> systemdRun)
      throws Exception {
    Files.createDirectories(root.resolve("run/systemd/system"));
    Files.createDirectories(root.resolve("proc/self"));
    Files.writeString(root.resolve("proc/self/cgroup"), cgroup);
    return ServiceStop.of(root, "self", uid, environment, systemdRun);
  }

  private ServiceStop ofRoot(String cgroup) throws Exception {
    return stop(cgroup, 0, Map.of(), Optional.of(SYSTEMD_RUN));
  }

  @Test
  void withoutSystemdNothingIsRead() {
    assertThat(ServiceStop.of(root, "self", 0, Map.of(), Optional.of(SYSTEMD_RUN)))
        .isEqualTo(new ServiceStop.Harmless());
  }

  @Test
  void outsideOfAServiceNobodyEndsTheVmm() throws Exception {
    for (String cgroup :
        new String[] {
          "",
          "0::/\n",
          "0::/init.scope\n",
          "0::/user.slice/user-1000.slice/session-2.scope\n",
          "0::/user.slice/user-1000.slice/user@1000.service/app.slice/terminal-7.scope\n",
          "4:memory:/system.slice/banger.service\n0::/\n",
        }) {
      assertThat(ofRoot(cgroup)).as(cgroup).isEqualTo(new ServiceStop.Harmless());
    }
  }

  @Test
  void aServiceOfTheSystemAsksItsManager() throws Exception {
    for (String cgroup :
        new String[] {
          "0::/system.slice/banger.service\n",
          "0::/system.slice/banger.service/inner\n",
          "4:memory:/other\n1:name=systemd:/system.slice/banger.service\n0::/\n",
        }) {
      assertThat(ofRoot(cgroup))
          .as(cgroup)
          .isInstanceOfSatisfying(
              ServiceStop.Scoped.class,
              scoped -> {
                assertThat(scoped.service()).isEqualTo("banger.service");
                assertThat(scoped.environment()).isEmpty();
                assertThat(String.join(" ", scoped.words("banger-vm-1")))
                    .isEqualTo(SYSTEMD_RUN + " --scope --collect --quiet --unit=banger-vm-1 --");
              });
    }
  }

  @Test
  void aServiceOfAUserAsksTheUsersManager() throws Exception {
    assertThat(stop(OF_USER, 1000, RUNTIME, Optional.of(SYSTEMD_RUN)))
        .isInstanceOfSatisfying(
            ServiceStop.Scoped.class,
            scoped -> {
              assertThat(scoped.environment()).isEqualTo(RUNTIME);
              assertThat(scoped.words("banger-vm-1")).contains("--user", "--unit=banger-vm-1");
            });
  }

  @Test
  void whatCannotHaveAScopeDiesWithAReasonAndACure() throws Exception {
    String service = "0::/system.slice/banger.service\n";
    assertFatal(stop(service, 0, Map.of(), Optional.empty()), "missing", "apt-get install systemd");
    assertFatal(
        stop(service, 1000, RUNTIME, Optional.of(SYSTEMD_RUN)), "only root", "KillMode=process");
    assertFatal(
        stop(OF_USER, 1000, Map.of(), Optional.of(SYSTEMD_RUN)), "not set", "XDG_RUNTIME_DIR=%t");
  }

  private static void assertFatal(ServiceStop stop, String why, String cure) {
    assertThat(stop)
        .isInstanceOfSatisfying(
            ServiceStop.Fatal.class,
            fatal -> {
              assertThat(fatal.service()).isEqualTo("banger.service");
              assertThat(fatal.why()).contains(why);
              assertThat(fatal.cure()).contains(cure);
            });
  }
}
