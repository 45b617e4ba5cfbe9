package dev.banger.rpc;

import dev.banger.rpc.Methods.InvalidParams;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Holds what came over the wire to the records' own word: what is not @Nullable must be there. */
final class RequiredParts {
  private RequiredParts() {}

  private static final ClassValue<List<RecordComponent>> REFERENCES =
      new ClassValue<>() {
        @Override
        protected List<RecordComponent> computeValue(Class<?> type) {
          return Arrays.stream(type.getRecordComponents())
              .filter(part -> !part.getType().isPrimitive())
              .toList();
        }
      };

  static void check(Record value) throws InvalidParams {
    for (RecordComponent part : REFERENCES.get(value.getClass())) {
      Object content = read(part, value);
      if (content != null) {
        checkInside(part.getName(), content);
      } else if (!part.getAnnotatedType().isAnnotationPresent(Nullable.class)) {
        throw new InvalidParams("'" + part.getName() + "' is missing");
      }
    }
  }

  private static void checkInside(String name, @Nullable Object content) throws InvalidParams {
    switch (content) {
      case null -> throw new InvalidParams("'" + name + "' holds a null");
      case Record inner -> check(inner);
      case Collection<?> list -> {
        for (Object item : list) {
          checkInside(name, item);
        }
      }
      case Map<?, ?> map -> checkInside(name, map.values());
      default -> {}
    }
  }

  private static @Nullable Object read(RecordComponent part, Record value) {
    try {
      return part.getAccessor().invoke(value);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("cannot read " + part, e);
    }
  }
}
