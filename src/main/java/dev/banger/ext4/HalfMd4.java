package dev.banger.ext4;

/**
 * The hash that orders large directories: ext4's half MD4 over unsigned characters (Linux,
 * fs/ext4/hash.c).
 */
final class HalfMd4 {
  private static final int WORDS = 8;
  private static final int SECOND = 0x5a827999;
  private static final int THIRD = 0x6ed9eba1;
  private static final int END_OF_DIRECTORY = 0x7fffffff;

  private final int[] seed;
  private final int[] in = new int[WORDS];
  private final int[] state = new int[4];

  HalfMd4(int[] seed) {
    this.seed = seed.clone();
  }

  /** Even; the lowest bit belongs to the index. */
  int hash(byte[] name) {
    System.arraycopy(seed, 0, state, 0, 4);
    for (int at = 0; at < name.length; at += 4 * WORDS) {
      fill(name, at);
      transform();
    }
    int hash = state[1] & ~1;
    return hash == END_OF_DIRECTORY << 1 ? (END_OF_DIRECTORY - 1) << 1 : hash;
  }

  private void fill(byte[] name, int at) {
    int left = name.length - at;
    int padding = left | (left << 8);
    padding |= padding << 16;
    int length = Math.min(left, 4 * WORDS);
    int word = 0;
    int value = padding;
    for (int i = 0; i < length; i++) {
      value = (name[at + i] & 0xff) + (value << 8);
      if (i % 4 == 3) {
        in[word++] = value;
        value = padding;
      }
    }
    if (word < WORDS) {
      in[word++] = value;
    }
    while (word < WORDS) {
      in[word++] = padding;
    }
  }

  private void transform() {
    int[] s = state.clone();
    for (int i = 0; i < WORDS; i++) {
      round(s, i, s3(s, i) ^ (s1(s, i) & (s2(s, i) ^ s3(s, i))), in[i], shift(i, 3, 7, 11, 19));
    }
    for (int i = 0; i < WORDS; i++) {
      int word = in[i < 4 ? 2 * i + 1 : 2 * (i - 4)];
      int mixed = (s1(s, i) & s2(s, i)) + ((s1(s, i) ^ s2(s, i)) & s3(s, i));
      round(s, i, mixed, word + SECOND, shift(i, 3, 5, 9, 13));
    }
    for (int i = 0; i < WORDS; i++) {
      int word = in[(i < 4 ? 3 : 1) + (i % 2 == 0 ? 0 : 4) - (i % 4 < 2 ? 0 : 1)];
      round(s, i, s1(s, i) ^ s2(s, i) ^ s3(s, i), word + THIRD, shift(i, 3, 9, 11, 15));
    }
    for (int i = 0; i < 4; i++) {
      state[i] += s[i];
    }
  }

  /** The word that a step changes goes a, d, c, b, a, ...; the three after it are its arguments. */
  private static int target(int step) {
    return (4 - step % 4) % 4;
  }

  private static int s1(int[] s, int step) {
    return s[(target(step) + 1) % 4];
  }

  private static int s2(int[] s, int step) {
    return s[(target(step) + 2) % 4];
  }

  private static int s3(int[] s, int step) {
    return s[(target(step) + 3) % 4];
  }

  private static int shift(int step, int first, int second, int third, int fourth) {
    return switch (step % 4) {
      case 0 -> first;
      case 1 -> second;
      case 2 -> third;
      default -> fourth;
    };
  }

  private static void round(int[] s, int step, int mixed, int word, int shift) {
    int target = target(step);
    s[target] = Integer.rotateLeft(s[target] + mixed + word, shift);
  }
}
