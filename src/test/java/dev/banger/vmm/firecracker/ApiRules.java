package dev.banger.vmm.firecracker;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What bodies Firecracker's API takes, endpoint by endpoint, as its documentation says it: names,
 * types, what must be there, and since which release 1.N. Whatever is not listed is refused.
 */
final class ApiRules {
  /** When an endpoint is served. */
  enum When {
    PRE,
    POST,
    BOTH
  }

  /** A refusal: status 400 with these words. */
  static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;

    Refused(String why) {
      super(why);
    }
  }

  /**
   * @param type string, bool, int, mac, or the name of a list of fields
   */
  record Field(String type, boolean required, int since) {}

  record Endpoint(When when, Map<String, Field> fields) {}

  private static final Pattern NEVER = Pattern.compile("(?!)");
  private static final Pattern FIELD = Pattern.compile("([a-z_0-9]+):([a-z]+)(!?)(?:@([0-9]+))?");

  /**
   * {@code METHOD /path WHEN field:type...}; {@code !} behind a type: required; {@code @N}: since
   * release 1.N. The last component {@code *} is an id, equal to the field that {@code =} marks.
   */
  private static final String TEXT =
      """
      GET / BOTH
      GET /version BOTH
      GET /vm/config BOTH
      GET /machine-config BOTH
      GET /balloon BOTH
      GET /balloon/statistics POST
      PATCH /vm POST state:vmstate!
      PUT /actions BOTH action_type:action!
      PUT /boot-source PRE kernel_image_path:string! initrd_path:string boot_args:string
      PUT /machine-config PRE vcpu_count:int! mem_size_mib:int! smt:bool track_dirty_pages:bool \
      huge_pages:string cpu_template:string
      PATCH /machine-config PRE vcpu_count:int mem_size_mib:int smt:bool track_dirty_pages:bool \
      huge_pages:string cpu_template:string
      PUT /drives/* PRE drive_id:id! is_root_device:bool! path_on_host:string is_read_only:bool \
      cache_type:cache io_engine:engine rate_limiter:limiter partuuid:string socket:string
      PATCH /drives/* POST drive_id:id! path_on_host:string rate_limiter:limiter
      PUT /network-interfaces/* PRE iface_id:id! host_dev_name:string! guest_mac:mac mtu:int@16 \
      rx_rate_limiter:limiter tx_rate_limiter:limiter
      PATCH /network-interfaces/* POST iface_id:id! rx_rate_limiter:limiter \
      tx_rate_limiter:limiter
      PUT /vsock PRE guest_cid:int! uds_path:string! vsock_id:string
      PUT /balloon PRE amount_mib:int! deflate_on_oom:bool! stats_polling_interval_s:int \
      free_page_hinting:bool@14 free_page_reporting:bool@14
      PATCH /balloon POST amount_mib:int!
      PATCH /balloon/statistics POST stats_polling_interval_s:int!
      PUT /entropy PRE rate_limiter:limiter
      PUT /serial PRE serial_out_path:string@14 rate_limiter:bucket@16
      PUT /logger PRE log_path:string level:string show_level:bool show_log_origin:bool \
      module:string
      PUT /metrics PRE metrics_path:string! emit_id:bool@17 properties:any@17
      PUT /mmds/config PRE network_interfaces:any! version:string ipv4_address:string \
      imds_compat:bool
      """;

  private static final Map<String, Map<String, Field>> OBJECTS =
      Map.of(
          "limiter",
          fields("bandwidth:bucket ops:bucket"),
          "bucket",
          fields("size:int! refill_time:int! one_time_burst:int"));

  private static final Map<String, Pattern> WORDS =
      Map.of(
          "id", Pattern.compile("[A-Za-z0-9_]+"),
          "mac", Pattern.compile("([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}"),
          "cache", Pattern.compile("Unsafe|Writeback"),
          "engine", Pattern.compile("Sync|Async"),
          "vmstate", Pattern.compile("Paused|Resumed"),
          "action", Pattern.compile("InstanceStart|SendCtrlAltDel|FlushMetrics"),
          "string", Pattern.compile("(?s).*"));

  private final Map<String, Endpoint> endpoints = new HashMap<>();
  private final int release;

  /**
   * @param release the N of 1.N
   */
  ApiRules(int release) {
    this.release = release;
    for (String line : TEXT.lines().toList()) {
      String[] words = line.split(" ", 4);
      endpoints.put(
          words[0] + " " + words[1],
          new Endpoint(When.valueOf(words[2]), words.length < 4 ? Map.of() : fields(words[3])));
    }
  }

  private static Map<String, Field> fields(String text) {
    Map<String, Field> fields = new LinkedHashMap<>();
    for (String word : text.split(" ", -1)) {
      Matcher found = FIELD.matcher(word);
      if (!found.matches()) {
        throw new IllegalArgumentException(word);
      }
      int since = found.group(4) == null ? 0 : Integer.parseInt(found.group(4));
      fields.put(found.group(1), new Field(found.group(2), !found.group(3).isEmpty(), since));
    }
    return fields;
  }

  /** The id that the path ends in, where it does. */
  static Optional<String> id(String path) {
    Matcher found = Pattern.compile("/(?:drives|network-interfaces)/([^/]+)").matcher(path);
    return found.matches() ? Optional.of(found.group(1)) : Optional.empty();
  }

  private Endpoint endpoint(String method, String path) throws Refused {
    String place = id(path).isPresent() ? path.substring(0, path.lastIndexOf('/')) + "/*" : path;
    Endpoint found = endpoints.get(method + " " + place);
    if (found == null) {
      throw new Refused("Invalid request method and/or path: " + method + " " + path + ".");
    }
    return found;
  }

  /** Throws what Firecracker would answer. */
  void check(String method, String path, Map<?, ?> body, boolean started) throws Refused {
    Endpoint endpoint = endpoint(method, path);
    if (endpoint.when() == When.PRE && started) {
      throw new Refused("The requested operation is not supported after starting the microVM.");
    }
    if (endpoint.when() == When.POST && !started) {
      throw new Refused("The requested operation is not supported before starting the microVM.");
    }
    check(path, body, endpoint.fields(), !path.equals("/metrics"));
    Optional<String> id = id(path);
    if (id.isPresent()) {
      Object own = body.get(path.startsWith("/drives") ? "drive_id" : "iface_id");
      if (!id.get().equals(own)) {
        throw new Refused("The id from the path [" + id.get() + "] does not match " + own);
      }
    }
  }

  private void check(String where, Map<?, ?> body, Map<String, Field> fields, boolean strict)
      throws Refused {
    for (Object name : body.keySet()) {
      Field field = fields.get(String.valueOf(name));
      if ((field == null || field.since() > release) && strict) {
        throw new Refused(
            "An error occurred when deserializing the json body of a request: unknown field `"
                + name
                + "`, expected one of "
                + new ArrayList<>(fields.keySet())
                + " at "
                + where);
      }
    }
    for (Map.Entry<String, Field> field : fields.entrySet()) {
      Object value = body.get(field.getKey());
      if (value == null && field.getValue().required()) {
        throw new Refused(
            "An error occurred when deserializing the json body of a request: missing field `"
                + field.getKey()
                + "` at "
                + where);
      }
      if (value != null) {
        check(where + "." + field.getKey(), value, field.getValue().type());
      }
    }
  }

  private void check(String where, Object value, String type) throws Refused {
    boolean right =
        switch (type) {
          case "any" -> true;
          case "bool" -> value instanceof Boolean;
          case "int" -> value instanceof Number number && isWhole(number);
          case "limiter", "bucket" -> value instanceof Map<?, ?>;
          default ->
              value instanceof String text
                  && WORDS.getOrDefault(type, NEVER).matcher(text).matches();
        };
    if (!right) {
      throw new Refused("invalid type at " + where + ": " + value + ", expected " + type);
    }
    if (value instanceof Map<?, ?> map && OBJECTS.containsKey(type)) {
      check(where, map, OBJECTS.getOrDefault(type, Map.of()), type.equals("limiter"));
    }
  }

  private static boolean isWhole(Number number) {
    return number.doubleValue() >= 0 && number.doubleValue() == number.longValue();
  }

  /** All that is served, for a test that nothing is forgotten. */
  List<String> served() {
    return endpoints.keySet().stream().sorted().toList();
  }
}
