package dev.banger.vm;

import dev.banger.model.VmName;
import java.security.SecureRandom;

/** Names for VMs that nobody named: an adjective and a bird, 4,096 pairs, then with a number. */
final class Names {
  private static final String[] ADJECTIVES = {
    "able", "airy", "apt", "bold", "brave", "bright", "brisk", "calm", "civil", "clear", "clever",
    "cosy", "crisp", "dapper", "deft", "eager", "early", "easy", "fair", "fancy", "fast", "fine",
    "fit", "fleet", "fond", "frank", "free", "fresh", "gentle", "glad", "golden", "good", "grand",
    "happy", "hardy", "honest", "jolly", "keen", "kind", "light", "lively", "loyal", "lucky",
    "merry", "mild", "modest", "neat", "nimble", "noble", "plain", "polite", "prime", "proud",
    "quick", "quiet", "rapid", "ready", "sharp", "silent", "smart", "steady", "swift", "tidy",
    "warm"
  };
  private static final String[] BIRDS = {
    "avocet", "bittern", "bunting", "buzzard", "chough", "condor", "coot", "crane", "crow",
    "curlew", "dipper", "dove", "dunlin", "eagle", "egret", "eider", "falcon", "finch", "gannet",
    "godwit", "goose", "grebe", "gull", "harrier", "hawk", "heron", "hoopoe", "ibis", "jay",
    "kestrel", "kite", "knot", "lark", "linnet", "loon", "magpie", "martin", "merlin", "osprey",
    "ouzel", "owl", "petrel", "pipit", "plover", "puffin", "quail", "rail", "raven", "robin",
    "rook", "ruff", "shrike", "siskin", "skua", "snipe", "stilt", "stork", "swallow", "swan",
    "swift", "teal", "tern", "thrush", "wren"
  };
  private static final int PLAIN_TRIES = 3;

  private final SecureRandom random = new SecureRandom();

  /** Different at each call; with a number from the fourth try on. */
  VmName choose(int attempt) {
    String name =
        ADJECTIVES[random.nextInt(ADJECTIVES.length)] + "-" + BIRDS[random.nextInt(BIRDS.length)];
    return new VmName(attempt < PLAIN_TRIES ? name : name + "-" + random.nextInt(10_000));
  }
}
