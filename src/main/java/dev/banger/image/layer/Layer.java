package dev.banger.image.layer;

import dev.banger.model.BangerException;
import java.io.IOException;
import java.io.InputStream;

/** One layer of an image: a tar stream that can be read again. */
public interface Layer {
  /** For messages, as its digest. */
  String name();

  default Reading reading() {
    return Reading.OF_AN_IMAGE;
  }

  /** The stream, not compressed. Read to its end it has checked itself. */
  InputStream open() throws IOException, BangerException, InterruptedException;
}
