package dev.banger.api;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.avaje.jsonb.Jsonb;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class OpenRpcTest {
  private static final DaemonApi.Document DOCUMENT = OpenRpc.document("1.2.3", Api.methods());
  private static final List<?> METHODS = (List<?>) read(DOCUMENT.methods());
  private static final Map<?, ?> SCHEMAS = map(map(read(DOCUMENT.components())).get("schemas"));

  private static Object read(String json) {
    return Jsonb.instance().type(Object.class).fromJson(json);
  }

  private static Map<?, ?> map(@Nullable Object value) {
    return (Map<?, ?>) requireNonNull(value);
  }

  private static List<?> list(@Nullable Object value) {
    return (List<?>) requireNonNull(value);
  }

  @Test
  void everyMethodIsThereOnceWithItsParameters() {
    assertThat(METHODS)
        .hasSameSizeAs(Api.methods())
        .extracting(method -> map(method).get("name"))
        .doesNotHaveDuplicates();
    assertThat(METHODS)
        .filteredOn(method -> "vm.stop".equals(map(method).get("name")))
        .singleElement()
        .extracting(method ->
            list(map(method).get("params")).stream().map(part -> map(part).get("name")).toList())
        .isEqualTo(List.of("vm", "timeoutMillis", "force"));
  }

  @Test
  void everyReferenceHasItsSchemaAndEverySchemaItsReference() {
    TreeSet<Object> named = new TreeSet<>();
    Matcher references =
        Pattern.compile("#/components/schemas/(\\w+)")
            .matcher(DOCUMENT.methods() + DOCUMENT.components());
    while (references.find()) {
      named.add(references.group(1));
    }
    assertThat(named)
        .contains("VmView", "ErrorData", "OperationStatus")
        .isEqualTo(SCHEMAS.keySet());
  }

  @Test
  void whatMayBeMissingIsNotRequired() {
    List<?> required = list(map(SCHEMAS.get("VmCreate")).get("required"));
    assertThat(required.contains("cpus")).isTrue();
    assertThat(required.contains("name")).isFalse();
    assertThat(required.contains("idempotencyKey")).isFalse();
  }
}
