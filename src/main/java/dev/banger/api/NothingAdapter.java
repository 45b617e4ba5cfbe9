package dev.banger.api;

import dev.banger.api.DaemonApi.Nothing;
import io.avaje.json.JsonAdapter;
import io.avaje.json.JsonReader;
import io.avaje.json.JsonWriter;
import io.avaje.jsonb.CustomAdapter;
import io.avaje.jsonb.Jsonb;

/** The empty object, for which the generator makes no adapter. Public for the generated code. */
@CustomAdapter
public final class NothingAdapter implements JsonAdapter<Nothing> {
  public NothingAdapter(Jsonb jsonb) {}

  @Override
  public void toJson(JsonWriter writer, Nothing value) {
    writer.beginObject();
    writer.endObject();
  }

  @Override
  public Nothing fromJson(JsonReader reader) {
    reader.beginObject();
    while (reader.hasNextField()) {
      reader.unmappedField(reader.nextField());
      reader.skipValue();
    }
    reader.endObject();
    return new Nothing();
  }
}
