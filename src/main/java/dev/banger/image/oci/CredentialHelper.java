package dev.banger.image.oci;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Finished;
import dev.banger.proc.Tool;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/** A program {@code docker-credential-NAME}, which keeps credentials in a place of its own. */
final class CredentialHelper {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final int OUTPUT_LIMIT = 64 << 10;
  private static final String NOT_FOUND = "credentials not found";
  private static final String TOKEN_USER = "<token>";

  private final String name;
  private final Binaries binaries;

  CredentialHelper(String name, Binaries binaries) {
    this.name = name;
    this.binaries = binaries;
  }

  /** Its output is never part of a message: it may hold a secret. */
  Optional<Credential> get(String server) throws BangerException, InterruptedException {
    if (!NAME.matcher(name).matches()) {
      throw new BangerException(
          ErrorCode.INVALID,
          "'" + OutsideText.clean(name, 40) + "' cannot be a credential helper",
          "correct credHelpers or credsStore in docker's or podman's configuration");
    }
    Tool tool = new Tool("docker-credential-" + name, "golang-docker-credential-helpers");
    Finished finished = run(tool, server);
    if (finished.output().contains(NOT_FOUND)
        || finished.lastErrors().stream().anyMatch(line -> line.contains(NOT_FOUND))) {
      return Optional.empty();
    }
    if (!finished.ok()) {
      throw failure(tool, server, "it ended with status " + finished.status());
    }
    return Optional.of(read(tool, server, finished.output()));
  }

  private Finished run(Tool tool, String server) throws BangerException, InterruptedException {
    binaries.find(tool);
    try {
      return Command.of(binaries, tool, "get")
          .input(new ByteArrayInputStream((server + "\n").getBytes(StandardCharsets.UTF_8)))
          .captureLimit(OUTPUT_LIMIT)
          .limit(LIMIT)
          .run();
    } catch (BangerException e) {
      throw failure(
          tool,
          server,
          e.code() == ErrorCode.TIMEOUT
              ? "it did not end within " + LIMIT.toSeconds() + " s"
              : "it could not be run, or said too much");
    }
  }

  private static Credential read(Tool tool, String server, String output) throws BangerException {
    try {
      JsonObject json = JsonObject.parse(output.getBytes(StandardCharsets.UTF_8));
      String user = json.text("Username");
      String secret = json.text("Secret");
      if (!secret.isEmpty()) {
        return user.equals(TOKEN_USER)
            ? new Credential.IdentityToken(secret, tool.name())
            : new Credential.Password(user, secret, tool.name());
      }
    } catch (IOException e) {
      // Said below.
    }
    throw failure(tool, server, "its answer holds no credentials");
  }

  private static BangerException failure(Tool tool, String server, String why) {
    return new BangerException(
        ErrorCode.UNAVAILABLE,
        "cannot get credentials for " + server + " from " + tool.name() + ": " + why,
        "try it yourself: echo " + server + " | " + tool.name() + " get");
  }
}
