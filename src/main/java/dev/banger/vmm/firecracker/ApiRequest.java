package dev.banger.vmm.firecracker;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One request of Firecracker's API.
 *
 * @param body a GET has none; that of others may have no fields
 */
record ApiRequest(Method method, String path, Map<String, Object> body) {
  /** What Firecracker serves. */
  enum Method {
    GET,
    PUT,
    PATCH
  }

  ApiRequest {
    body = Map.copyOf(body);
  }

  static ApiRequest get(String path) {
    return new ApiRequest(Method.GET, path, Map.of());
  }

  static ApiRequest put(String path, Map<String, Object> body) {
    return new ApiRequest(Method.PUT, path, body);
  }

  static ApiRequest patch(String path, Map<String, Object> body) {
    return new ApiRequest(Method.PATCH, path, body);
  }

  static ApiRequest action(String type) {
    return put("/actions", Map.of("action_type", type));
  }

  /** The same with one more field. */
  ApiRequest with(String field, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(body);
    more.put(field, value);
    return new ApiRequest(method, path, more);
  }

  /** As messages name it: {@code PUT /boot-source}. */
  @Override
  public String toString() {
    return method + " " + path;
  }
}
