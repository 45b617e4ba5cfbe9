package dev.banger.proof;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * How tests start Java for a daemon: hundreds of times, so from an AOT cache. A cache holds only
 * for jars, so the classes of this build are put into one.
 */
final class DaemonJava {
  private static final Path TREE = Path.of("").toAbsolutePath();
  private static final Path TARGET = TREE.resolve("target");

  /** Here, because a daemon looks for its programs beside its jar's directory. */
  private static final Path JAR = TARGET.resolve("test-daemon.jar");

  private static final Path CACHE = TARGET.resolve("test-daemon.aot");
  private static final List<Path> CLASSES =
      List.of(TARGET.resolve("classes"), TARGET.resolve("test-classes"));

  private DaemonJava() {}

  /** The command up to the main class, without an AOT cache. */
  static List<String> plain() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-Xms16m",
            "-Xmx256m",
            "-Xss512k",
            "-Xlog:disable",
            "--enable-native-access=ALL-UNNAMED",
            "-Dbanger.locks.strict=true"));
    if (Files.isDirectory(TARGET.resolve("native"))) {
      command.add("-Dorg.sqlite.lib.path=" + TARGET.resolve("native"));
      command.add("-Dorg.sqlite.lib.name=libsqlitejdbc.so");
    }
    return command;
  }

  /** As {@link #plain}, with the cache, which is made if this build has none. For one thread. */
  static List<String> quick() throws Exception {
    if (isStale()) {
      Files.deleteIfExists(CACHE);
      pack();
      train();
    }
    List<String> command = new ArrayList<>(plain());
    command.add("-XX:AOTCache=" + CACHE);
    command.addAll(List.of("-cp", classPath()));
    return command;
  }

  private static boolean isStale() throws IOException {
    if (!Files.exists(JAR) || !Files.exists(CACHE)) {
      return true;
    }
    long packed = Files.getLastModifiedTime(JAR).toMillis();
    for (Path file : files()) {
      if (Files.getLastModifiedTime(file).toMillis() > packed) {
        return true;
      }
    }
    return false;
  }

  private static List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    for (Path directory : CLASSES) {
      try (Stream<Path> all = Files.walk(directory)) {
        all.filter(Files::isRegularFile).forEach(files::add);
      }
    }
    return files;
  }

  /** Stored, not compressed. */
  private static void pack() throws IOException {
    Path beside = JAR.resolveSibling("test-daemon.jar.new");
    try (OutputStream file = Files.newOutputStream(beside);
        ZipOutputStream jar = new ZipOutputStream(file)) {
      for (Path source : files()) {
        byte[] bytes = Files.readAllBytes(source);
        CRC32 sum = new CRC32();
        sum.update(bytes);
        Path root = source.startsWith(CLASSES.getFirst()) ? CLASSES.getFirst() : CLASSES.getLast();
        ZipEntry entry = new ZipEntry(root.relativize(source).toString());
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(bytes.length);
        entry.setCrc(sum.getValue());
        jar.putNextEntry(entry);
        jar.write(bytes);
      }
    }
    Files.move(beside, JAR, StandardCopyOption.REPLACE_EXISTING);
  }

  private static String classPath() {
    String all =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> jars = new ArrayList<>(List.of(JAR.toString()));
    Arrays.stream(all.split(":", -1)).filter(entry -> entry.endsWith(".jar")).forEach(jars::add);
    return String.join(":", jars);
  }

  /** One life of a daemon, as tests have it. */
  private static void train() throws Exception {
    Path beside = CACHE.resolveSibling("test-daemon.aot.new");
    List<String> command = new ArrayList<>(plain());
    command.addAll(List.of("-XX:AOTCacheOutput=" + beside, "-cp", classPath()));
    TestHome home = TestHome.ofFakes();
    try (TestDaemon daemon = new TestDaemon(home, true)) {
      daemon.startBy(command);
      try (TestClient client = daemon.client()) {
        client.create("web", true);
        client.list();
        client.exec("web", "/bin/true");
      }
      daemon.stop();
      daemon.startBy(command.stream().filter(word -> !word.contains("AOTCacheOutput")).toList());
    }
    Files.move(beside, CACHE, StandardCopyOption.REPLACE_EXISTING);
  }
}
