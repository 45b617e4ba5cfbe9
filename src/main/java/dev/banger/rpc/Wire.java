package dev.banger.rpc;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.JsonText.Malformed;
import io.avaje.json.JsonAdapter;
import io.avaje.json.JsonDataException;
import io.avaje.json.JsonReader;
import io.avaje.json.JsonWriter;
import io.avaje.jsonb.Jsonb;
import java.io.IOException;

/** Records to JSON and back, as both sides do it. */
public final class Wire {
  private static final class Reading {
    static final Jsonb JSON = builder().build();
  }

  private Wire() {}

  /** For clients: members that a record does not know are passed over. */
  public static Jsonb json() {
    return Reading.JSON;
  }

  /** For servers: a member that the record does not know is an error. */
  static Jsonb strict() {
    return builder().failOnUnknown(true).build();
  }

  /** The failure that error data tells of, as JSON. */
  public static BangerException failure(String data) {
    try {
      return ErrorObject.readData(data);
    } catch (Malformed e) {
      return new BangerException(
          ErrorCode.INTERNAL, "cannot read the daemon's error", "", new IOException(data, e));
    }
  }

  private static Jsonb.Builder builder() {
    return Jsonb.builder().add(String.class, new Strings());
  }

  /** Strings of any length: the library's own reader gives up at some 32 KiB. */
  private static final class Strings implements JsonAdapter<String> {
    @Override
    public void toJson(JsonWriter writer, String value) {
      writer.value(value);
    }

    @Override
    public String fromJson(JsonReader reader) {
      try {
        return JsonText.string(reader.readRaw());
      } catch (Malformed e) {
        throw new JsonDataException(e.getMessage() + " at " + reader.location());
      }
    }
  }
}
