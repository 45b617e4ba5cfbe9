package dev.banger.image.oci;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One repository of one registry, by the distribution protocol. Many threads may use it. */
final class Registry implements BlobSource {
  private static final Pattern RANGE = Pattern.compile("bytes ([0-9]{1,18})-[0-9]{1,18}/(.+)");

  private final Endpoint endpoint;
  private final String repository;
  private final RegistryAccess access;
  private final Transport transport;
  private final Retry retry;

  Registry(
      Endpoint endpoint,
      String repository,
      Credentials credentials,
      Transport transport,
      RetryPolicy policy) {
    this.endpoint = endpoint;
    this.repository = repository;
    this.transport = transport;
    this.retry = new Retry(policy);
    this.access = new RegistryAccess(endpoint, repository, credentials, transport, retry);
  }

  /** A manifest or an index. */
  static final class Document {
    private final byte[] content;
    private final String mediaType;
    private final Digest digest;

    private Document(byte[] content, String mediaType, Digest digest) {
      this.content = content;
      this.mediaType = mediaType;
      this.digest = digest;
    }

    Digest digest() {
      return digest;
    }

    Manifest parsed() throws MalformedException {
      return Manifest.parse(content, mediaType);
    }
  }

  /**
   * @param wanted a tag or a digest
   */
  Document manifest(String wanted) throws BangerException, InterruptedException {
    String tried = "cannot read the manifest of " + this + " (" + wanted + ")";
    try (Answer answer = ask(tried, "manifests/" + wanted, Map.of("Accept", MediaTypes.ACCEPTED))) {
      if (!answer.isOk()) {
        throw refusal(tried, answer);
      }
      byte[] content = answer.read(Manifest.SIZE_LIMIT);
      Optional<Digest> named =
          Digest.read(wanted).or(() -> Digest.read(answer.header("Docker-Content-Digest")));
      Digest digest = named.orElseGet(() -> Digest.of(Digest.Algorithm.SHA256, content));
      if (!digest.matches(content)) {
        throw new MalformedException("the manifest is not what its digest " + digest + " says");
      }
      return new Document(content, answer.header("Content-Type"), digest);
    } catch (IOException e) {
      throw Retry.failure(tried, e);
    }
  }

  @Override
  public Incoming open(Descriptor blob, long offset)
      throws BangerException, IOException, InterruptedException {
    String tried = "cannot download " + blob.digest() + " from " + this;
    Answer answer = ask(tried, "blobs/" + blob.digest(), range(offset));
    if (answer.status() == 416) {
      answer.close();
      answer = ask(tried, "blobs/" + blob.digest(), Map.of());
    }
    if (!answer.isOk() && answer.status() != 206) {
      throw refusal(tried, answer);
    }
    return incoming(answer, blob);
  }

  static Map<String, String> range(long offset) {
    return offset == 0 ? Map.of() : Map.of("Range", "bytes=" + offset + "-");
  }

  /** Of an answer 200 or 206. */
  static Incoming incoming(Answer answer, Descriptor blob) throws IOException {
    if (answer.status() == 200) {
      return new Incoming(0, answer.body());
    }
    Matcher range = RANGE.matcher(answer.header("Content-Range"));
    boolean whole =
        range.matches()
            && (range.group(2).equals("*") || range.group(2).equals(Long.toString(blob.size())));
    if (!whole) {
      answer.close();
      throw new MalformedException(
          answer.address().getHost() + " sends a part of another content than was asked for");
    }
    return new Incoming(Long.parseLong(range.group(1)), answer.body());
  }

  private Answer ask(String tried, String path, Map<String, String> headers)
      throws BangerException, InterruptedException {
    URI address = URI.create(endpoint.base() + "/v2/" + repository + "/" + path);
    for (boolean renewed = false; ; renewed = true) {
      Optional<String> carried = access.header();
      Answer answer =
          retry.run(tried, () -> transport.send(Transport.Call.get(address, carried, headers)));
      if (answer.status() != 401 || !isOurs(answer)) {
        return answer;
      }
      if (renewed) {
        throw access.denied(answer);
      }
      List<Challenge> challenges = Challenge.parse(answer.headers().allValues("WWW-Authenticate"));
      answer.close();
      access.renew(carried, challenges);
    }
  }

  /** A host that the registry sent us to gets nothing to prove who we are. */
  private boolean isOurs(Answer answer) {
    return endpoint.base().getRawAuthority().equals(answer.address().getRawAuthority());
  }

  private BangerException refusal(String tried, Answer answer)
      throws BangerException, InterruptedException {
    return switch (answer.status()) {
      case 401, 403 -> access.denied(answer);
      case 404 ->
          new BangerException(
              ErrorCode.NOT_FOUND,
              tried,
              "check its name and tag",
              new IOException(RegistryErrors.describe(answer)));
      default ->
          new BangerException(
              ErrorCode.UNAVAILABLE,
              tried,
              "see what the registry says",
              new IOException(RegistryErrors.describe(answer)));
    };
  }

  @Override
  public String toString() {
    return endpoint.name() + "/" + repository;
  }
}
