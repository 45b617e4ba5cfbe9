package dev.banger.image.disk;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Command;
import dev.banger.proc.Tool;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Makes ext4 file systems in sparse files. The features are the ones listed here, whatever the
 * host's mke2fs.conf says: every supported guest kernel mounts them, and no background work is left
 * for the guest.
 */
public final class Mke2fs {
  private static final Tool MKE2FS = new Tool("mke2fs", "e2fsprogs");
  private static final String FEATURES =
      "none,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,"
          + "huge_file,dir_nlink,extra_isize,metadata_csum";
  private static final long BLOCK = 4096;
  private static final long INODE_SIZE = 256;

  /** How many times its size a disk can grow to cheaply; room for more costs each copy 4 MiB. */
  private static final long GROWTH = 16;

  private static final ByteSize JOURNAL = ByteSize.mib(64);
  private static final ByteSize SPARE = ByteSize.mib(16);
  private static final ByteSize UNIT = ByteSize.mib(1);

  private final RootView view;
  private final boolean allUsers;

  private Mke2fs(RootView view, boolean allUsers) {
    this.view = view;
    this.allUsers = allUsers;
  }

  /** For trees in which everything shall be root's. */
  public static Mke2fs ofRoot(RootView view) {
    return new Mke2fs(view, false);
  }

  /** For trees with the files of many users. */
  public static Mke2fs ofAllUsers(RootView view) {
    return new Mke2fs(view, true);
  }

  /** Room for this tree and little more; with a journal if it may be written one day. */
  public void fromTree(Path file, Path tree, UUID uuid, String label, boolean journal)
      throws BangerException, InterruptedException {
    Trees.Usage usage = measure(tree);
    long inodes = usage.inodes() + usage.inodes() / 10 + 64;
    long bytes =
        usage.bytes()
            + usage.bytes() / 20
            + inodes * INODE_SIZE
            + SPARE.bytes()
            + (journal ? JOURNAL.bytes() : 0);
    List<String> options =
        new ArrayList<>(List.of("-N", Long.toString(inodes), "-d", tree.toString()));
    make(file, new ByteSize(bytes).roundUp(UNIT), uuid, label, journal, options);
  }

  /** An empty file system. */
  public void empty(Path file, ByteSize size, UUID uuid, String label, boolean journal)
      throws BangerException, InterruptedException {
    make(file, size, uuid, label, journal, List.of());
  }

  private void make(
      Path file, ByteSize size, UUID uuid, String label, boolean journal, List<String> options)
      throws BangerException, InterruptedException {
    try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
      disk.setLength(size.bytes());
    } catch (IOException e) {
      throw Trees.failure("cannot make " + file, e);
    }
    List<String> arguments =
        new ArrayList<>(List.of("-q", "-F", "-t", "ext4", "-b", Long.toString(BLOCK), "-m", "0"));
    arguments.addAll(List.of("-I", Long.toString(INODE_SIZE)));
    arguments.addAll(List.of("-U", uuid.toString(), "-L", label));
    arguments.addAll(List.of("-O", FEATURES + (journal ? ",has_journal" : "")));
    long growth = size.bytes() / BLOCK * GROWTH;
    arguments.addAll(
        List.of(
            "-E", "root_owner=0:0,lazy_journal_init=1,hash_seed=" + uuid + ",resize=" + growth));
    if (journal) {
      arguments.addAll(List.of("-J", "size=" + (journalSize(size).bytes() >> 20)));
    }
    arguments.addAll(options);
    arguments.add(file.toString());
    command(MKE2FS)
        .with(arguments)
        .limit(Duration.ofMinutes(10))
        .run(ErrorCode.INTERNAL, "cannot make a file system in " + file, "see the cause");
  }

  private Command command(Tool tool, String... arguments) throws BangerException {
    return allUsers ? view.withAllUsers(tool, arguments) : view.asRoot(tool, arguments);
  }

  /** A small disk cannot spare 64 MiB. */
  private static ByteSize journalSize(ByteSize disk) {
    ByteSize share = ByteSize.mib(Math.max(4, (disk.bytes() >> 20) / 16));
    return share.compareTo(JOURNAL) < 0 ? share : JOURNAL;
  }

  private Trees.Usage measure(Path tree) throws BangerException, InterruptedException {
    try {
      return Trees.measure(tree);
    } catch (IOException e) {
      return measureFromInside(tree, e);
    }
  }

  /** Some directories of a rootless tree are closed to us but not to its own root. */
  private Trees.Usage measureFromInside(Path tree, IOException why)
      throws BangerException, InterruptedException {
    String lines =
        command(new Tool("du", "coreutils"), "--apparent-size", "-s", "-B" + BLOCK, tree.toString())
            .run(ErrorCode.INTERNAL, "cannot measure " + tree + " (" + why + ")", "")
            .output();
    String inodes =
        command(new Tool("du", "coreutils"), "--inodes", "-s", tree.toString())
            .run(ErrorCode.INTERNAL, "cannot count " + tree, "")
            .output();
    long count = firstNumber(inodes);
    return new Trees.Usage(count, (firstNumber(lines) + count) * BLOCK);
  }

  private static long firstNumber(String text) {
    return Long.parseLong(text.substring(0, text.indexOf('\t')));
  }
}
