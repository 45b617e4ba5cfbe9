package dev.banger.image.oci;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpHeaders;

/**
 * What a server said. Must be closed.
 *
 * @param address who said it, after all redirections
 */
record Answer(int status, HttpHeaders headers, BodyStream body, URI address)
    implements AutoCloseable {
  boolean isOk() {
    return status == 200;
  }

  /** Better when asked later. */
  boolean isTransient() {
    return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
  }

  String header(String name) {
    return headers.firstValue(name).orElse("");
  }

  /** The whole body. */
  byte[] read(int limit) throws IOException {
    byte[] content = body.readNBytes(limit + 1);
    if (content.length > limit) {
      throw new MalformedException("the answer is larger than " + limit + " bytes");
    }
    return content;
  }

  @Override
  public void close() {
    body.close();
  }
}
