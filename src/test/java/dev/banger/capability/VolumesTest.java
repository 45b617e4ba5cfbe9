package dev.banger.capability;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.guest.GuestConfiguration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class VolumesTest {
  private static List<String> paths(String... wanted) {
    return Volumes.of(List.of(wanted)).paths();
  }

  private static void refused(String wanted, String why) {
    Volumes volumes = Volumes.of(List.of(wanted));
    assertThat(volumes.paths()).isEmpty();
    assertThat(volumes.leftOut()).singleElement().asString().contains(why);
  }

  @Test
  void dotsAndDoubleSlashesAreResolved() {
    assertThat(paths("/data/", "//var/./lib", "/a/../b", "/../c"))
        .containsExactly("/b", "/c", "/data", "/var/lib");
  }

  @Test
  void aDirectoryThatIsNamedTwiceIsOneVolume() {
    assertThat(paths("/data", "/data/", "/data/.")).containsExactly("/data");
  }

  @Test
  void aVolumeWithinAnotherIsMountedAfterIt() {
    assertThat(Volumes.of(List.of("/a/b/c", "/a", "/a/b")).binds())
        .extracting(GuestConfiguration.Bind::target)
        .containsExactly("/a", "/a/b", "/a/b/c");
  }

  @Test
  void everyVolumeHasAPlaceOfItsOwn() {
    assertThat(Volumes.of(List.of("/a/b", "/a%2Fb", "/a-b", "/a b", "/..a", "/a...b")).binds())
        .extracting(GuestConfiguration.Bind::source)
        .doesNotHaveDuplicates()
        .noneMatch(source -> source.contains(".."))
        .allMatch(source -> source.startsWith(".banger/volumes/"))
        .allMatch(source -> source.indexOf('/', ".banger/volumes/".length()) < 0);
  }

  @Test
  void theWholeRootIsNoVolume() {
    refused("/", "machine's own");
    refused("/a/..", "machine's own");
  }

  @Test
  void whatTheKernelAndTheAgentHaveIsNoVolume() {
    refused("/proc", "kernel");
    refused("/sys/fs/cgroup", "kernel");
    refused("/dev/shm", "kernel");
    refused("/run/banger/layers", "kernel or the agent");
    refused("/run", "machine's own");
    assertThat(paths("/process", "/devices", "/run/lock")).hasSize(3);
  }

  @Test
  void theHomeDirectoryAndDockersAreOnTheWorkDiskAnyway() {
    refused("/root", "machine's own");
    refused("/var/lib/docker", "machine's own");
    assertThat(paths("/root/data")).containsExactly("/root/data");
  }

  @Test
  void relativePathsAreNoVolumes() {
    refused("data", "absolute");
    refused("", "absolute");
    refused("../etc", "absolute");
  }

  @Test
  void whatWouldSpoilATerminalIsNoVolumeAndIsNotShown() {
    refused("/a\u001b[2J", "control");
    assertThat(Volumes.of(List.of("/a\u001b")).leftOut().getFirst()).doesNotContain("\u001b");
  }

  @Test
  void aPathThatIsTooLongForANameIsLeftOut() {
    refused("/" + "x".repeat(241), "too long");
    refused("/x".repeat(90), "too long");
    assertThat(paths("/" + "x".repeat(240))).hasSize(1);
  }

  @Test
  void moreThanTheLimitAreCountedSoThatAStartCanRefuseThem() {
    List<String> many = IntStream.range(0, 200).mapToObj(i -> "/v" + i).toList();
    assertThat(Volumes.of(many).paths()).hasSizeGreaterThan(Volumes.LIMIT);
  }
}
