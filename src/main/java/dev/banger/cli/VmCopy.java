package dev.banger.cli;

import dev.banger.api.StreamApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.ControlMessage;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Arguments;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "cp",
    description = "Copy files: LOCAL VM:PATH or VM:PATH LOCAL; - is a tar stream",
    generateHelp = true)
final class VmCopy extends ClientCommand {
  @Arguments(paramLabel = "FROM TO", description = "One is VM:PATH, the other a local path or -")
  @Nullable List<String> paths;

  @Option(name = "archive", shortName = 'a', hasValue = false, description = "Keep uid and gid")
  boolean archive;

  @Option(
      name = "follow-link",
      shortName = 'L',
      hasValue = false,
      description = "Copy what a symlink FROM points to")
  boolean followLink;

  @Option(shortName = 'u', description = "The guest's user, whose rights count")
  @Nullable String user;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    if (paths == null || paths.size() != 2) {
      throw new UsageException("two paths are needed", "banger vm cp LOCAL VM:PATH");
    }
    String from = paths.getFirst();
    String to = paths.getLast();
    GuestPath guestFrom = from.equals("-") ? null : GuestPath.parse(from);
    GuestPath guestTo = to.equals("-") ? null : GuestPath.parse(to);
    if ((guestFrom == null) == (guestTo == null)) {
      throw new UsageException(
          "exactly one of " + from + " and " + to + " must be in a VM",
          "write a path in a VM as VM:PATH, a local one with a colon as ./PATH");
    }
    try (Client client = connect()) {
      if (guestTo != null) {
        copyIn(client, from, guestTo);
      } else if (guestFrom != null) {
        copyOut(client, guestFrom, to);
      }
      return 0;
    }
  }

  private void copyIn(Client client, String from, GuestPath to)
      throws BangerException, UsageException {
    StreamApi.@Nullable FileStatus there = stat(client, to.vm(), to.path());
    if (from.equals("-")) {
      if (there == null || !there.directory()) {
        throw notADirectory(to);
      }
      transfer(client, request(to.vm(), to.path(), "in"), tar -> pipe(System.in, tar));
      return;
    }
    Path source = Path.of(from);
    if (!Files.exists(source, LinkOption.NOFOLLOW_LINKS)) {
      throw new UsageException("there is no file " + from, "");
    }
    boolean directory = Files.isDirectory(source) && (followLink || !Files.isSymbolicLink(source));
    boolean slash = to.path().endsWith("/");
    boolean inside = there != null && there.directory();
    boolean fileToDirectory = slash && !directory;
    boolean directoryToFile = directory && there != null;
    if (!inside && (fileToDirectory || directoryToFile)) {
      throw notADirectory(to);
    }
    boolean contents = directory && (from.endsWith("/.") || from.equals("."));
    String target = inside ? to.path() : GuestPath.parent(to.path());
    String name = !inside ? GuestPath.lastName(to.path()) : contents ? "." : localName(source);
    transfer(client, request(to.vm(), target, "in"), tar -> pack(source, name, tar));
  }

  private static String localName(Path source) {
    Path name = source.toAbsolutePath().normalize().getFileName();
    return name == null ? "." : name.toString();
  }

  private static UsageException notADirectory(GuestPath to) {
    return new UsageException(to.vm() + ":" + to.path() + " is no directory", "");
  }

  private void copyOut(Client client, GuestPath from, String to)
      throws BangerException, UsageException {
    StreamApi.Copy request = request(from.vm(), from.path(), "out");
    if (to.equals("-")) {
      transfer(client, request, tar -> tar.input().transferTo(System.out));
      System.out.flush();
      return;
    }
    Path target = Path.of(to);
    boolean inside = Files.isDirectory(target);
    Path parent = target.toAbsolutePath().normalize().getParent();
    if (!inside && (to.endsWith("/") || parent == null || !Files.isDirectory(parent))) {
      throw new UsageException("there is no directory " + (to.endsWith("/") ? to : parent), "");
    }
    Path directory = inside || parent == null ? target : parent;
    requireNotOverTheHost(from, target, inside);
    String name = inside ? null : localName(target);
    transfer(client, request, tar -> unpack(tar, directory, name));
  }

  /** A guest's `/`, or its /usr, poured over this host's root would replace the host itself. */
  private static void requireNotOverTheHost(GuestPath from, Path target, boolean inside)
      throws UsageException {
    if (inside
        && isRoot(target)
        && Files.isDirectory(Path.of("/", GuestPath.lastName(from.path())))) {
      throw new UsageException(
          "this would write " + from.vm() + ":" + from.path() + " over this host's own files",
          "name another directory than /");
    }
  }

  /** Through symlinks and `..`, too. */
  private static boolean isRoot(Path directory) {
    try {
      return directory.toRealPath().getNameCount() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private StreamApi.Copy request(String vm, String path, String direction) {
    return new StreamApi.Copy(vm, path, direction, user, false, archive, followLink);
  }

  private static StreamApi.@Nullable FileStatus stat(Client client, String vm, String path)
      throws BangerException {
    client.call(VmApi.SHOW, new VmApi.Ref(vm));
    try {
      return client.call(StreamApi.STAT, new StreamApi.Stat(vm, path, true));
    } catch (BangerException e) {
      if (e.code() == ErrorCode.NOT_FOUND) {
        return null;
      }
      throw e;
    }
  }

  private void pack(Path source, String name, TarPipe tar) throws IOException {
    TarWriter writer = new TarWriter(tar.output(), followLink);
    writer.add(source, name);
    writer.finish();
    warn(writer.skipped());
  }

  private static void unpack(TarPipe tar, Path directory, @Nullable String name)
      throws IOException {
    TarReader reader = new TarReader(tar.input(), directory, name);
    reader.unpack();
    warn(reader.skipped());
  }

  private static void pipe(InputStream in, TarPipe tar) throws IOException {
    OutputStream out = tar.output();
    in.transferTo(out);
    out.flush();
  }

  private static void warn(int skipped) {
    if (skipped > 0) {
      System.err.println("left out: " + skipped + " devices, sockets or pipes");
    }
  }

  private void transfer(Client client, StreamApi.Copy request, ArchiveTransfer.Transfer transfer)
      throws BangerException {
    String tried = "cannot copy " + request.direction() + " " + request.vm() + ":" + request.path();
    tell(request, ArchiveTransfer.run(client, StreamApi.COPY, request, tried, transfer));
  }

  /** Where the archive itself goes to stdout, the document would be lost in it. */
  private void tell(StreamApi.Copy request, ControlMessage.Copied copied) {
    boolean archive = paths != null && paths.getLast().equals("-");
    if (json && !archive) {
      printJson(
          new StreamApi.Copied(
              request.vm(), request.path(), request.direction(), copied.entries(), copied.bytes()));
    }
  }
}
