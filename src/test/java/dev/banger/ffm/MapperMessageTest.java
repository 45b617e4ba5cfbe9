package dev.banger.ffm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.ffm.DeviceMapper.Target;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Layouts as a C compiler lays out linux/dm-ioctl.h and linux/loop.h on 64-bit Linux. */
class MapperMessageTest {
  private static final List<Target> TABLE =
      List.of(new Target(0, 131072, "linear", "7:3 0"), new Target(131072, 8, "zero", ""));

  @Test
  void aTableFollowsTheHeader() {
    try (Arena arena = Arena.ofConfined()) {
      int data = MapperMessage.tableSize(TABLE);
      byte[] bytes =
          new MapperMessage(arena, "web", data)
              .uuid("U")
              .flags(1)
              .table(TABLE)
              .memory()
              .toArray(ValueLayout.JAVA_BYTE);
      HexFormat hex = HexFormat.of();
      assertThat(data).isEqualTo(48 + 48);
      assertThat(hex.formatHex(bytes, 0, 32))
          .isEqualTo(
              "040000000000000000000000"
                  + "98010000"
                  + "38010000"
                  + "02000000"
                  + "00000000"
                  + "01000000");
      assertThat(new String(bytes, 48, 4, StandardCharsets.US_ASCII)).isEqualTo("web\0");
      assertThat(new String(bytes, 176, 2, StandardCharsets.US_ASCII)).isEqualTo("U\0");
      assertThat(hex.formatHex(bytes, 312, 312 + 24))
          .isEqualTo("0000000000000000" + "0000020000000000" + "00000000" + "30000000");
      assertThat(new String(bytes, 312 + 24, 7, StandardCharsets.US_ASCII)).isEqualTo("linear\0");
      assertThat(new String(bytes, 312 + 40, 6, StandardCharsets.US_ASCII)).isEqualTo("7:3 0\0");
      assertThat(hex.formatHex(bytes, 360, 368)).isEqualTo("0000020000000000");
    }
  }

  @Test
  void whatIsTooLongIsRefusedBeforeTheKernelSeesIt() {
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> new MapperMessage(arena, "n".repeat(128), 0))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aDevicesMinorNumberMayHaveMoreThanEightBits() {
    assertThat(new DeviceMapper.State(0xfd05, "", 0, false).minor()).isEqualTo(5);
    assertThat(new DeviceMapper.State(0x10fd05, "", 0, false).minor()).isEqualTo(0x105);
  }

  @Test
  void aLoopDevicesConfigurationBeginsWithTheFileAndHoldsItsFlags() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment config =
          LoopCalls.configuration(arena, 7, "f".repeat(100), LoopCalls.AUTOCLEAR);
      assertThat(config.byteSize()).isEqualTo(304);
      assertThat(config.get(ValueLayout.JAVA_INT, 0)).isEqualTo(7);
      assertThat(config.get(ValueLayout.JAVA_INT, 60)).isEqualTo(4);
      assertThat(config.getString(64)).hasSize(63);
    }
  }
}
