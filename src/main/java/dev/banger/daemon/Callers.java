package dev.banger.daemon;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Predicate;

/** Who may call: the owner of the data directory, and root. */
final class Callers {
  private static final String ROOT = "root";

  private Callers() {}

  static Predicate<Peer> ownerOf(Path data) throws BangerException {
    try {
      String owner = Files.getOwner(data).getName();
      return peer -> peer.user().equals(owner) || peer.user().equals(ROOT);
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION, "cannot tell the owner of " + data, "check the directory", e);
    }
  }
}
