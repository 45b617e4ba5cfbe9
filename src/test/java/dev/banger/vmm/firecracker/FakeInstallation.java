package dev.banger.vmm.firecracker;

import dev.banger.proc.Binaries;
import dev.banger.vmm.TestPrograms;
import io.avaje.json.JsonException;
import io.avaje.json.stream.JsonStream;
import io.avaje.jsonb.Jsonb;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Programs named firecracker and jailer, as a release of them would be installed. */
final class FakeInstallation {
  private FakeInstallation() {}

  /** Finds them, and the shim. */
  static Binaries of(Path directory, int release) throws Exception {
    return of(directory, release, release);
  }

  static Binaries of(Path directory, int release, int ofJailer) throws Exception {
    Files.createDirectories(directory);
    write(directory.resolve("firecracker"), "Firecracker", release);
    write(directory.resolve("jailer"), "Jailer", ofJailer);
    return TestPrograms.binaries(directory);
  }

  private static void write(Path file, String says, int release) throws Exception {
    Files.writeString(
        file,
        """
        #!/bin/sh
        if [ "$1" = --version ]; then
          printf '%s v1.%s.0\\n\\n'
          exit 0
        fi
        exec '%s/bin/java' -cp '%s' -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData \
        -Xmx64m dev.banger.vmm.firecracker.FakeFirecracker %s %s "$@"
        """
            .formatted(
                says,
                release,
                System.getProperty("java.home"),
                classes(),
                release,
                file.getFileName()));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static String classes() {
    return Stream.of(
            FakeFirecracker.class,
            ApiAnswer.class,
            Jsonb.class,
            JsonException.class,
            JsonStream.class)
        .map(type -> type.getProtectionDomain().getCodeSource().getLocation().getPath())
        .distinct()
        .collect(Collectors.joining(":"));
  }
}
