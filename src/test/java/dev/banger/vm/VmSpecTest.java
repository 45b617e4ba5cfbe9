package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.RestartPolicy;
import dev.banger.net.NetworkWish;
import dev.banger.net.port.PortWishes;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class VmSpecTest {
  private static VmSpec spec(
      int cpus, ByteSize memory, ByteSize disk, String mode, List<String> env) {
    return new VmSpec(
        Optional.empty(),
        "debian:bookworm",
        Optional.empty(),
        cpus,
        memory,
        disk,
        env,
        mode,
        false,
        Map.of(),
        "root",
        RestartPolicy.NEVER,
        Optional.empty(),
        Optional.empty(),
        PortWishes.NONE,
        NetworkWish.NONE,
        Optional.empty());
  }

  static Stream<VmSpec> impossible() {
    ByteSize memory = ByteSize.mib(512);
    ByteSize disk = ByteSize.gib(1);
    return Stream.of(
        spec(0, memory, disk, "auto", List.of()),
        spec(65, memory, disk, "auto", List.of()),
        spec(1, ByteSize.mib(64), disk, "auto", List.of()),
        spec(1, memory, ByteSize.kib(1), "auto", List.of()),
        spec(1, memory, disk, "magic", List.of()),
        spec(1, memory, disk, "auto", List.of("NOVALUE")),
        spec(1, memory, disk, "auto", List.of("=x")),
        spec(1, memory, disk, "auto", List.of("A=\u001e")));
  }

  @ParameterizedTest
  @MethodSource("impossible")
  void whatCannotWorkIsRefusedWithAHint(VmSpec spec) {
    assertThatThrownBy(spec::check)
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.INVALID);
              assertThat(e.hint()).isNotEmpty();
            });
  }

  @Test
  void aNormalWishPasses() {
    VmSpec spec = spec(2, ByteSize.gib(1), ByteSize.gib(10), "system", List.of("A=b=c"));
    assertThatCode(spec::check).doesNotThrowAnyException();
  }

  @Test
  void namesThatNobodyChoseAreValidAndDiffer() {
    Names names = new Names();
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 50; i++) {
      seen.add(names.choose(i).value());
    }
    assertThat(seen).hasSizeGreaterThan(40);
  }
}
