package dev.banger.image.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class JsonParserTest {
  private static Object parse(String text) throws MalformedException {
    Object value = JsonParser.parse(text.getBytes(StandardCharsets.UTF_8));
    return value == null ? "null" : value;
  }

  @Test
  void valuesAreRead() throws Exception {
    assertThat(parse(" {\"a\":[1,-2.5e1,true,\"\\u00e9\\n\"],\"b\":{}} "))
        .isEqualTo(Map.of("a", Arrays.asList(1L, -25.0, true, "é\n"), "b", Map.of()));
    assertThat(parse("null")).isEqualTo("null");
    assertThat(parse("[99999999999999999999]")).isEqualTo(List.of(1e20));
  }

  @Test
  void longStringsAreRead() throws Exception {
    String text = "x".repeat(1 << 20);
    assertThat(parse("\"" + text + "\"")).isEqualTo(text);
  }

  @Test
  void whatIsNotJsonIsRefused() {
    for (String text :
        new String[] {
          "",
          "{",
          "[1,]",
          "{\"a\":1,}",
          "{\"a\":1,\"a\":2}",
          "01",
          "1 2",
          "'a'",
          "\"\n\"",
          "tru",
          "\"\\x\"",
          "\"\\u12g4\"",
          "nan",
          "[".repeat(100_000),
          "-",
          "1.",
          "{1:2}"
        }) {
      assertThatThrownBy(() -> parse(text)).isInstanceOf(MalformedException.class);
    }
    assertThatThrownBy(() -> JsonParser.parse(new byte[] {'"', (byte) 0xff, '"'}))
        .hasMessageContaining("UTF-8");
  }

  @Test
  void anyTextIsReadOrRefused() {
    long seed = Long.getLong("banger.test.seed", System.nanoTime());
    Random random = new Random(seed);
    String alphabet = "{}[],:\"\\u0019eE+-. truefalsn\n";
    for (int i = 0; i < 50_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int j = random.nextInt(20); j >= 0; j--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      try {
        parse(text.toString());
      } catch (MalformedException e) {
        assertThat(e.getMessage()).as("seed %d: %s", seed, text).isNotEmpty();
      }
    }
  }
}
