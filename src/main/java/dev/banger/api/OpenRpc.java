package dev.banger.api;

import io.avaje.json.JsonWriter;
import io.avaje.json.stream.JsonStream;
import java.io.StringWriter;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The OpenRPC document, made by reflection from the method table and the records themselves. */
public final class OpenRpc {
  private final JsonWriter json;
  private final Set<Class<?>> schemas;
  private final Deque<Class<?>> pending;

  private OpenRpc(StringWriter text, Set<Class<?>> schemas, Deque<Class<?>> pending) {
    this.json = JsonStream.builder().build().writer(text);
    this.schemas = schemas;
    this.pending = pending;
  }

  /** The document for these methods. */
  public static DaemonApi.Document document(String version, List<Method<?, ?>> methods) {
    Set<Class<?>> schemas = new LinkedHashSet<>();
    Deque<Class<?>> pending = new ArrayDeque<>();
    return new DaemonApi.Document(
        "1.3.2",
        part(schemas, pending, writer -> writer.info(version)),
        part(schemas, pending, writer -> writer.methods(methods)),
        part(schemas, pending, OpenRpc::components));
  }

  private static String part(
      Set<Class<?>> schemas, Deque<Class<?>> pending, Consumer<OpenRpc> write) {
    StringWriter text = new StringWriter();
    OpenRpc writer = new OpenRpc(text, schemas, pending);
    write.accept(writer);
    writer.json.close();
    return text.toString();
  }

  private void info(String version) {
    json.beginObject();
    field("title", "banger");
    field("version", version);
    json.endObject();
  }

  private void methods(List<Method<?, ?>> methods) {
    json.beginArray();
    methods.forEach(this::method);
    json.endArray();
  }

  private void components() {
    json.beginObject();
    json.name("schemas");
    json.beginObject();
    while (!pending.isEmpty()) {
      record(pending.remove());
    }
    json.endObject();
    json.endObject();
  }

  private void method(Method<?, ?> method) {
    json.beginObject();
    field("name", method.name());
    field("summary", method.summary());
    field("x-kind", method.kind().name().toLowerCase(Locale.ROOT));
    field("paramStructure", "by-name");
    json.name("params");
    json.beginArray();
    for (RecordComponent part : method.params().getRecordComponents()) {
      json.beginObject();
      field("name", part.getName());
      json.name("required");
      json.value(required(part));
      json.name("schema");
      schema(part);
      json.endObject();
    }
    json.endArray();
    json.name("result");
    json.beginObject();
    field("name", method.result().getSimpleName());
    json.name("schema");
    reference(method.result());
    json.endObject();
    json.endObject();
  }

  private void record(Class<?> type) {
    json.name(name(type));
    json.beginObject();
    field("type", "object");
    json.name("properties");
    json.beginObject();
    for (RecordComponent part : type.getRecordComponents()) {
      json.name(part.getName());
      schema(part);
    }
    json.endObject();
    json.name("required");
    json.beginArray();
    Arrays.stream(type.getRecordComponents())
        .filter(OpenRpc::required)
        .forEach(part -> json.value(part.getName()));
    json.endArray();
    json.endObject();
  }

  private static boolean required(RecordComponent part) {
    return !part.getAnnotatedType().isAnnotationPresent(Nullable.class);
  }

  private void schema(RecordComponent part) {
    if (part.isAnnotationPresent(AnyJson.class)) {
      json.beginObject();
      json.endObject();
    } else {
      schema(part.getGenericType());
    }
  }

  private void schema(Type type) {
    if (type instanceof ParameterizedType generic) {
      json.beginObject();
      boolean map = generic.getRawType() == Map.class;
      field("type", map ? "object" : "array");
      json.name(map ? "additionalProperties" : "items");
      schema(generic.getActualTypeArguments()[map ? 1 : 0]);
      json.endObject();
    } else if (type instanceof Class<?> plain && plain.isRecord()) {
      reference(plain);
    } else {
      json.beginObject();
      field("type", primitive(type));
      json.endObject();
    }
  }

  private static String primitive(Type type) {
    if (type == String.class) {
      return "string";
    }
    return type == boolean.class || type == Boolean.class ? "boolean" : "integer";
  }

  private void reference(Class<?> record) {
    if (schemas.add(record)) {
      pending.add(record);
    }
    json.beginObject();
    field("$ref", "#/components/schemas/" + name(record));
    json.endObject();
  }

  /** {@code VmApi.View} is {@code VmView}. */
  private static String name(Class<?> record) {
    Class<?> holder = record.getDeclaringClass();
    String prefix = holder == null ? "" : holder.getSimpleName().replaceFirst("Api$", "");
    return prefix + record.getSimpleName();
  }

  private void field(String name, String value) {
    json.name(name);
    json.value(value);
  }
}
