package dev.banger.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {
  @ParameterizedTest
  @CsvSource({
    "0,0",
    "4096,4096",
    "1K,1024",
    "1k,1024",
    "512M,536870912",
    "1.5G,1610612736",
    "10GiB,10737418240",
    "2TB,2199023255552",
    "0.25g,268435456"
  })
  void readsUnitsAsDockerAndQemuDo(String text, long bytes) throws BangerException {
    assertThat(ByteSize.parse(text)).isEqualTo(new ByteSize(bytes));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "G", "-1G", "1X", "1 000", "1.G", "999999999999999999T", "١G", "0x10"})
  void refusesWhatIsNoSize(String text) {
    assertThatThrownBy(() -> ByteSize.parse(text))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID));
  }

  @Test
  void printsWhatPeopleWouldWrite() {
    assertThat(ByteSize.mib(512)).hasToString("512M");
    assertThat(new ByteSize(1_610_612_736L)).hasToString("1.5G");
    assertThat(new ByteSize(17)).hasToString("17B");
  }
}
