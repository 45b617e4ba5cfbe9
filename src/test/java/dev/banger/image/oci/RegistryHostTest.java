package dev.banger.image.oci;

import static dev.banger.image.oci.OciTesting.client;
import static dev.banger.image.oci.OciTesting.content;
import static dev.banger.image.oci.OciTesting.fetch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.banger.config.RegistrySettings;
import dev.banger.image.disk.Trees;
import dev.banger.image.layer.LayerException;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Binaries;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pulls from Debian's docker-registry what umoci made and skopeo pushed. */
class RegistryHostTest {
  private static final Pattern LISTENING = Pattern.compile("listening on 127\\.0\\.0\\.1:([0-9]+)");

  /** me, and pa:ss, as htpasswd -B writes it. */
  private static final String PASSWORDS =
      "me:$2y$05$21L.Snn5Rx.Draq63YKGdOYds1YxX5XFvfiZU7S4wygNcZ4DsytRi\n";

  @TempDir Path dir;

  private final List<byte[]> layers = new ArrayList<>();
  private final List<Process> processes = new ArrayList<>();

  private String run(String... command) throws Exception {
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).directory(dir.toFile()).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", String.join(" ", command), output).isZero();
    return output;
  }

  @BeforeEach
  void makeImage() throws Exception {
    run("umoci", "init", "--layout", "layout");
    run("umoci", "new", "--image", "layout:one");
    Random random = new Random(5);
    for (int i = 0; i < 3; i++) {
      byte[] noise = new byte[200_000];
      random.nextBytes(noise);
      Path tree = Files.createDirectory(dir.resolve("tree" + i));
      Files.write(tree.resolve("noise" + i), noise);
      Files.write(tree.resolve("zeros" + i), new byte[1 << 20]);
      run("tar", "--sort=name", "-cf", "layer.tar", "-C", tree.toString(), ".");
      layers.add(Files.readAllBytes(dir.resolve("layer.tar")));
      run("umoci", "raw", "add-layer", "--image", "layout:one", "layer.tar");
    }
    run(
        "umoci",
        "config",
        "--image",
        "layout:one",
        "--config.cmd",
        "/bin/it",
        "--config.user",
        "7");
  }

  @AfterEach
  void stop() throws Exception {
    for (Process process : processes) {
      process.destroy();
      process.waitFor();
    }
  }

  /** Its name, as in a reference. */
  private String registry(String more) throws Exception {
    Path settings =
        Files.writeString(
            dir.resolve("registry.yml"),
            """
            version: 0.1
            log: {level: info}
            storage: {filesystem: {rootdirectory: %s}}
            http:
              addr: 127.0.0.1:0
            %s
            """
                .formatted(dir.resolve("store" + processes.size()), more));
    Process process =
        new ProcessBuilder("docker-registry", "serve", settings.toString())
            .redirectErrorStream(true)
            .start();
    processes.add(process);
    BufferedReader log =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    for (String line = log.readLine(); line != null; line = log.readLine()) {
      Matcher listening = LISTENING.matcher(line);
      if (listening.find()) {
        Thread.ofVirtual().start(() -> log.lines().forEach(l -> {}));
        return "127.0.0.1:" + listening.group(1);
      }
    }
    throw new AssertionError("docker-registry did not start");
  }

  private void push(String from, String to, String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of("skopeo", "--insecure-policy", "copy"));
    command.addAll(List.of(options));
    command.addAll(List.of("--dest-tls-verify=false", from, to));
    run(command.toArray(String[]::new));
  }

  private void assertIsTheImage(OciImage image) throws Exception {
    assertThat(image.layers()).hasSize(layers.size());
    for (int i = 0; i < layers.size(); i++) {
      assertThat(content(image.layers().get(i))).isEqualTo(layers.get(i));
    }
    assertThat(image.config().command()).containsExactly("/bin/it");
    assertThat(image.config().user()).isEqualTo("7");
  }

  @Test
  void everyFormatAndCompressionIsPulledOverHttp() throws Exception {
    String name = registry("");
    push("oci:layout:one", "docker://" + name + "/a/oci:1");
    push("oci:layout:one", "docker://" + name + "/a/docker:1", "--format=v2s2");
    push("oci:layout:one", "dir:plain", "--dest-decompress");
    // Another one: skopeo would take the layers that the first one has already.
    String other = registry("");
    push(
        "dir:plain", "docker://" + other + "/a/z:1", "--dest-compress-format=zstd", "--format=oci");
    try (OciClient client = client(dir, Credentials.NONE)) {
      for (String reference : List.of(name + "/a/oci:1", name + "/a/docker:1", other + "/a/z:1")) {
        try (OciImage image = fetch(client, reference)) {
          assertIsTheImage(image);
          OciReference exact =
              OciReference.parse(reference + "@" + image.manifestDigest(), "docker.io");
          fetch(client, exact.toString()).close();
        }
      }
      assertThat(fetchedMediaTypes(client, other + "/a/z:1")).allMatch(t -> t.endsWith("zstd"));
      assertThatThrownBy(() -> fetch(client, name + "/a/oci:none"))
          .isInstanceOfSatisfying(
              BangerException.class,
              e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND);
                assertThat(e.reason()).contains("MANIFEST_UNKNOWN");
              });
    }
  }

  private static List<String> fetchedMediaTypes(OciClient client, String reference)
      throws Exception {
    try (OciImage image = fetch(client, reference)) {
      return image.layers().stream().map(OciLayer::mediaType).toList();
    }
  }

  private void makeAuthority() throws Exception {
    run(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-days",
        "2",
        "-subj",
        "/CN=test authority");
    run(
        "openssl",
        "req",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        "server.key",
        "-out",
        "server.csr",
        "-subj",
        "/CN=127.0.0.1");
    Files.writeString(
        dir.resolve("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:registry.test\n");
    run(
        "openssl",
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "names",
        "-out",
        "server.pem");
  }

  private static RegistrySettings settings(String name, boolean http, Optional<Path> authority) {
    return new RegistrySettings(
        "docker.io",
        Optional.empty(),
        4,
        ByteSize.gib(1),
        Map.of(name, new RegistrySettings.Host(Optional.of(http), List.of(), authority)));
  }

  @Test
  void aRegistryBehindTlsAndAPasswordIsPulledFrom() throws Exception {
    makeAuthority();
    Files.writeString(dir.resolve("passwords"), PASSWORDS);
    String name =
        registry(
            """
              tls: {certificate: %1$s/server.pem, key: %1$s/server.key}
            auth: {htpasswd: {realm: test, path: %1$s/passwords}}
            """
                .formatted(dir));
    push("oci:layout:one", "docker://" + name + "/a/b:1", "--dest-creds=me:pa:ss");
    RegistrySettings trusting = settings(name, false, Optional.of(dir.resolve("ca.pem")));

    try (OciClient client = client(dir, trusting, Credentials.NONE, Map.of())) {
      assertThatThrownBy(() -> fetch(client, name + "/a/b:1"))
          .isInstanceOf(BangerException.class)
          .hasMessageContaining("without credentials");
    }
    Path docker = Files.createDirectory(dir.resolve("docker"));
    Files.writeString(
        docker.resolve("config.json"),
        "{\"auths\":{\"" + name + "\":{\"auth\":\"bWU6cGE6c3M=\"}}}");
    Map<String, String> environment =
        Map.of("DOCKER_CONFIG", docker.toString(), "HOME", dir.toString());
    Credentials credentials = new CredentialFiles(environment, Binaries.ofPath());
    try (OciClient client = client(dir, trusting, credentials, Map.of());
        OciImage image = fetch(client, name + "/a/b:1")) {
      assertIsTheImage(image);
    }
    try (OciClient client =
        client(dir, settings(name, false, Optional.empty()), credentials, Map.of())) {
      assertThatThrownBy(() -> fetch(client, name + "/a/b:1"))
          .isInstanceOfSatisfying(
              BangerException.class, e -> assertThat(e.hint()).contains("`ca`"));
    }
  }

  @Test
  void imagesInFilesAreRead() throws Exception {
    push("oci:layout:one", "oci-archive:" + dir.resolve("oci.tar") + ":one");
    push("oci:layout:one", "docker-archive:" + dir.resolve("docker.tar") + ":host/name:tag");
    run("gzip", "-k", "docker.tar");
    run("zstd", "-q", "oci.tar");
    try (OciClient client = client(dir, Credentials.NONE)) {
      for (String reference :
          List.of(
              "oci:" + dir.resolve("layout"),
              "oci:" + dir.resolve("layout") + ":one",
              "oci-archive:" + dir.resolve("oci.tar") + ":one",
              "oci-archive:" + dir.resolve("oci.tar.zst"),
              "docker-archive:" + dir.resolve("docker.tar"),
              "docker-archive:" + dir.resolve("docker.tar.gz") + ":name:tag")) {
        try (OciImage image = fetch(client, reference)) {
          assertIsTheImage(image);
          assertIsTheImage(image);
        }
      }
      assertThatThrownBy(() -> fetch(client, "oci:" + dir.resolve("layout") + ":two"))
          .rootCause()
          .hasMessageContaining("no image 'two', but: one");
      assertThatThrownBy(() -> fetch(client, "docker-archive:" + dir.resolve("docker.tar") + ":x"))
          .rootCause()
          .hasMessageContaining("host/name:tag");
    }
    assertThat(dir.resolve("blobs")).isEmptyDirectory();
  }

  @Test
  void aDamagedLayerInALayoutIsNeverReadToItsEnd() throws Exception {
    try (OciClient client = client(dir, Credentials.NONE);
        OciImage image = fetch(client, "oci:" + dir.resolve("layout"))) {
      Path blob = dir.resolve("layout/blobs/sha256").resolve(image.layers().get(1).digest().hex());
      byte[] bytes = Files.readAllBytes(blob);
      bytes[bytes.length / 2] ^= 1;
      Files.write(blob, bytes);
      assertThatThrownBy(() -> content(image.layers().get(1))).isInstanceOf(LayerException.class);
    }
  }

  private OciClient throughProxy(String name, Map<String, String> environment) throws Exception {
    RegistrySettings trusting = settings(name, false, Optional.of(dir.resolve("ca.pem")));
    return client(dir, trusting, Credentials.NONE, environment);
  }

  private void pullThrough(String reference, String proxy) throws Exception {
    String name = reference.substring(0, reference.indexOf('/'));
    try (OciClient client = throughProxy(name, Map.of("HTTPS_PROXY", proxy));
        OciImage image = fetch(client, reference)) {
      assertIsTheImage(image);
    }
    for (Path blob : Trees.list(dir.resolve("blobs/sha256"))) {
      Files.delete(blob); // the next one asks for all of it again
    }
  }

  @Test
  void aRegistryBehindAProxyIsReachedByATunnelWithTheProxysPassword() throws Exception {
    makeAuthority();
    String here =
        registry("  tls: {certificate: %1$s/server.pem, key: %1$s/server.key}".formatted(dir));
    push("oci:layout:one", "docker://" + here + "/a/b:1");
    int port = Integer.parseInt(here.substring(here.indexOf(':') + 1));
    String name = "registry.test:" + port; // only the proxy knows where this is
    String reference = name + "/a/b:1";
    try (ConnectProxy open = new ConnectProxy(port, Optional.empty());
        ConnectProxy closed = new ConnectProxy(port, Optional.of("me:pass word"))) {
      pullThrough(reference, open.address());
      assertThat(open.opened).isNotEmpty().containsOnly(name);

      pullThrough(reference, "http://me:pass%20word@" + closed.address());
      assertThat(closed.opened).isNotEmpty().containsOnly(name);

      closed.opened.clear();
      assertThatThrownBy(() -> pullThrough(reference, "http://me:wrong@" + closed.address()))
          .isInstanceOf(BangerException.class)
          .hasStackTraceContaining("407")
          .satisfies(e -> assertThat(((BangerException) e).hint()).contains("https_proxy"))
          .message()
          .doesNotContain("wrong");
      assertThat(closed.opened).isEmpty();
      assertThat(closed.refused).isNotEmpty();

      open.opened.clear();
      Map<String, String> direct =
          Map.of("https_proxy", open.address(), "no_proxy", "other.test,registry.test");
      try (OciClient client = throughProxy(name, direct)) {
        assertThatThrownBy(() -> fetch(client, reference)).isInstanceOf(BangerException.class);
      }
      assertThat(open.opened).isEmpty();
    }
  }

  /** The registry is no friend of the proxy. */
  @Test
  void theProxysPasswordIsNotToldToTheRegistry() throws Exception {
    makeAuthority();
    run(
        "openssl",
        "pkcs12",
        "-export",
        "-in",
        "server.pem",
        "-inkey",
        "server.key",
        "-out",
        "server.p12",
        "-passout",
        "pass:secret");
    KeyStore keys =
        KeyStore.getInstance(dir.resolve("server.p12").toFile(), "secret".toCharArray());
    KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
    factory.init(keys, "secret".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(factory.getKeyManagers(), null, null);
    HttpsServer server =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    List<String> headers = new CopyOnWriteArrayList<>();
    server.createContext(
        "/",
        exchange -> {
          headers.addAll(exchange.getRequestHeaders().keySet());
          exchange.sendResponseHeaders(404, -1);
          exchange.close();
        });
    server.start();
    int port = server.getAddress().getPort();
    try (ConnectProxy proxy = new ConnectProxy(port, Optional.of("me:secret"));
        OciClient client =
            throughProxy(
                "registry.test:" + port,
                Map.of("https_proxy", "http://me:secret@" + proxy.address()))) {
      assertThatThrownBy(() -> fetch(client, "registry.test:" + port + "/a/b:1"))
          .isInstanceOf(BangerException.class);
      assertThat(proxy.opened).isNotEmpty();
      assertThat(headers)
          .isNotEmpty()
          .noneMatch(name -> name.equalsIgnoreCase("Proxy-Authorization"));
    } finally {
      server.stop(0);
    }
  }
}
