package dev.banger.image.oci;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files below a directory; their names never come from a stranger as they are. */
record DirectoryFiles(Path directory) implements LayoutFiles {
  private Path regular(String name) throws IOException {
    Path file = directory.resolve(name);
    if (!Files.isRegularFile(file)) { // A fifo would hold us up for ever.
      throw new MalformedException("it has no file " + name);
    }
    return file;
  }

  @Override
  public long size(String name) throws IOException {
    return Files.size(regular(name));
  }

  @Override
  public InputStream open(String name) throws IOException {
    return Files.newInputStream(regular(name));
  }

  @Override
  public void close() {}
}
