package dev.banger.image.oci;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;

/** An image in memory, and a registry's answers for it. Its layers need not be tar streams here. */
final class TestImage {
  private static final Pattern RANGE = Pattern.compile("bytes=([0-9]+)-");

  private static final byte[] NONE = {};

  private final Map<Digest, byte[]> blobs = new LinkedHashMap<>();
  final List<byte[]> plainLayers = new ArrayList<>();
  final List<Descriptor> layers = new ArrayList<>();
  private final List<Digest> diffIds = new ArrayList<>();
  private final AtomicInteger answered = new AtomicInteger();
  private int blobsBefore = Integer.MAX_VALUE;
  private Runnable then = () -> {};
  String architecture = "amd64";
  String configType = "application/vnd.oci.image.config.v1+json";

  /** With as many layers of this size. */
  static TestImage of(int layers, int size) throws IOException {
    TestImage image = new TestImage();
    Random random = new Random(layers * 31L + size);
    for (int i = 0; i < layers; i++) {
      byte[] content = new byte[size];
      random.nextBytes(content);
      image.add(content);
    }
    return image;
  }

  TestImage add(byte[] plain) throws IOException {
    return add(plain, gzip(plain));
  }

  /** A layer, and how it is stored. */
  TestImage add(byte[] plain, byte[] stored) {
    plainLayers.add(plain);
    diffIds.add(Digest.of(Digest.Algorithm.SHA256, plain));
    Digest digest = put(stored);
    layers.add(Descriptor.of("application/vnd.oci.image.layer.v1.tar+gzip", digest, stored.length));
    return this;
  }

  /** As it is stored. */
  byte[] blob(Digest digest) {
    return blobs.getOrDefault(digest, NONE);
  }

  Digest put(byte[] content) {
    Digest digest = Digest.of(Digest.Algorithm.SHA256, content);
    blobs.put(digest, content);
    return digest;
  }

  static byte[] gzip(byte[] plain) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(plain);
    }
    return out.toByteArray();
  }

  byte[] config() {
    String ids =
        diffIds.stream().map(d -> '"' + d.toString() + '"').collect(Collectors.joining(","));
    return """
    {"os":"linux","architecture":"%s","created":"2026-01-02T03:04:05.678901234Z",
     "config":{"User":"nobody","Env":["A=b"],"Entrypoint":["/e"],"Cmd":["c","d"],
       "WorkingDir":"/w","StopSignal":"SIGQUIT","ExposedPorts":{"80/tcp":{}},
       "Volumes":{"/v":{}},"Labels":{"l":"m"}},
     "rootfs":{"type":"layers","diff_ids":[%s]},
     "history":[{"created_by":"x"},{"created_by":"y","empty_layer":true}]}\
    """
        .formatted(architecture, ids)
        .getBytes(StandardCharsets.UTF_8);
  }

  byte[] manifest() {
    byte[] config = config();
    String list =
        layers.stream()
            .map(d -> descriptor(d.mediaType(), d.digest(), d.size(), ""))
            .collect(Collectors.joining(","));
    return """
    {"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}\
    """
        .formatted(
            MediaTypes.OCI_MANIFEST, descriptor(configType, put(config), config.length, ""), list)
        .getBytes(StandardCharsets.UTF_8);
  }

  static String descriptor(String type, Digest digest, long size, String more) {
    return """
    {"mediaType":"%s","digest":"%s","size":%d%s}\
    """
        .formatted(type, digest, size, more);
  }

  /** What happens once as many blobs were asked for. */
  void afterBlobs(int count, Runnable event) {
    blobsBefore = count;
    then = event;
  }

  /** What a good registry answers. */
  void answer(ScriptedServer.Request request, OutputStream out) throws IOException {
    String path = request.path();
    if (path.contains("/manifests/")) {
      ScriptedServer.send(out, 200, manifest(), "Content-Type: " + MediaTypes.OCI_MANIFEST);
      return;
    }
    byte[] blob =
        Digest.read(path.substring(path.lastIndexOf('/') + 1)).map(this::blob).orElse(NONE);
    if (blob.length == 0) {
      ScriptedServer.send(
          out, 404, "{\"errors\":[{\"code\":\"BLOB_UNKNOWN\",\"message\":\"blob unknown\"}]}");
      return;
    }
    if (answered.incrementAndGet() == blobsBefore) {
      then.run();
    }
    int from = from(request);
    byte[] rest = java.util.Arrays.copyOfRange(blob, from, blob.length);
    if (from == 0) {
      ScriptedServer.send(out, 200, rest);
    } else {
      ScriptedServer.send(out, 206, rest, contentRange(from, blob.length));
    }
  }

  static int from(ScriptedServer.Request request) {
    Matcher range = RANGE.matcher(request.header("Range"));
    return range.matches() ? Integer.parseInt(range.group(1)) : 0;
  }

  static String contentRange(int from, int length) {
    return "Content-Range: bytes " + from + "-" + (length - 1) + "/" + length;
  }
}
