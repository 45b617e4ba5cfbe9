package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.FigureApi;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TopScreenTest {
  private static final Terminal.Size WIDE = new Terminal.Size(24, 200);

  static FigureApi.VmStats vm(String name, long pid, long at, long cpuMillis, long memory) {
    return new FigureApi.VmStats(
        "id-" + name,
        name,
        at,
        new FigureApi.Host(pid, 90_000, cpuMillis, 0, memory, null, null, null, null, 7),
        List.of(new FigureApi.Disk("system", 10L << 30, 1 << 20, "")),
        null,
        "the guest does not answer");
  }

  private static Rates rates(String name, double cpu, long memory) {
    FigureApi.VmStats before = vm(name, 7, 1000, 0, memory);
    return Rates.between(before, vm(name, 7, 2000, (long) (cpu * 10), memory));
  }

  private static String plain(String screen) {
    return screen.replaceAll("\033\\[[0-9?]*[A-Za-z]", "").replace("\r", "");
  }

  @Test
  void theBusiestComesFirst() {
    List<Rates> vms = List.of(rates("idle", 1, 900), rates("busy", 80, 100));
    assertThat(plain(new TopScreen(vms, TopScreen.Order.CPU, WIDE).draw()))
        .containsSubsequence("busy", "80.0", "idle", "1.0");
    assertThat(plain(new TopScreen(vms, TopScreen.Order.MEMORY, WIDE).draw()))
        .containsSubsequence("idle", "busy");
  }

  @Test
  void noLineIsWiderAndNoPictureHigherThanTheTerminal() {
    List<Rates> vms = IntStream.range(0, 50).mapToObj(i -> rates("vm-" + i, i, i)).toList();
    List<String> lines =
        plain(new TopScreen(vms, TopScreen.Order.CPU, new Terminal.Size(10, 40)).draw())
            .lines()
            .toList();
    assertThat(lines).hasSize(10).allMatch(line -> line.length() <= 40);
    assertThat(lines.getLast()).isEqualTo("... and 44 more");
  }

  @Test
  void aVmThatWasRestartedMeanwhileHasNoCpuUseYet() {
    FigureApi.VmStats before = vm("web", 7, 1000, 5000, 1);
    assertThat(Rates.between(before, vm("web", 8, 2000, 100, 1)).cpuPercent()).isNegative();
    assertThat(Rates.between(null, before).cpuPercent()).isNegative();
  }

  @Test
  void aGuestThatDoesNotAnswerIsNamedWithItsReason() {
    String missing = StatsTable.missing(List.of(rates("web", 1, 1)));
    assertThat(missing).isEqualTo("web: no figures from the guest: the guest does not answer\n");
  }
}
