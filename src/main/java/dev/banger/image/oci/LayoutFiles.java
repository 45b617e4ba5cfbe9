package dev.banger.image.oci;

import java.io.IOException;
import java.io.InputStream;

/** The files of an image that is kept in a directory or an archive. One thread uses them. */
interface LayoutFiles extends AutoCloseable {
  /** Of a regular file. */
  long size(String name) throws IOException;

  InputStream open(String name) throws IOException;

  /** The whole file. */
  default byte[] read(String name, int limit) throws IOException {
    if (size(name) > limit) {
      throw new MalformedException(name + " is larger than " + limit + " bytes");
    }
    try (InputStream stream = open(name)) {
      return stream.readNBytes(limit);
    }
  }

  @Override
  void close() throws IOException;
}
