package dev.banger.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SignaturesTest {
  private static final CatalogEntry.Bundle BUNDLE =
      new CatalogEntry.Bundle("6.1.0", "a.zst", 12, "ab".repeat(32), "");
  private static final CatalogEntry ENTRY = new CatalogEntry("tools", "3", "amd64", "", BUNDLE);

  @TempDir Path directory;

  private static CatalogEntry.Bundle signed(PrivateKey key) {
    Catalog catalog = Signatures.sign(new Catalog("x", List.of(ENTRY)), key);
    return (CatalogEntry.Bundle) catalog.entries().getFirst().origin();
  }

  private static void openssl(String... arguments) throws Exception {
    List<String> command = new java.util.ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(out).isZero();
  }

  @Test
  void opensslBelievesASignatureByItsOwnKey() throws Exception {
    Path key = directory.resolve("key.pem");
    openssl("genpkey", "-algorithm", "ed25519", "-out", key.toString());
    Path pub = directory.resolve("pub.pem");
    openssl("pkey", "-in", key.toString(), "-pubout", "-out", pub.toString());
    PrivateKey read = BundleKeys.read(Files.readString(key), "key.pem");
    Path text = Files.writeString(directory.resolve("text"), ENTRY.signedText(BUNDLE));
    Path signature =
        Files.write(directory.resolve("sig"), Base64.getDecoder().decode(signed(read).signature()));
    openssl(
        "pkeyutl",
        "-verify",
        "-rawin",
        "-pubin",
        "-inkey",
        pub.toString(),
        "-in",
        text.toString(),
        "-sigfile",
        signature.toString());
    byte[] der =
        Base64.getMimeDecoder().decode(Files.readString(pub).replaceAll("-----[A-Z ]+-----", ""));
    assertThat(BundleKeys.publicKey(BundleKeys.publicWord(read)).getEncoded()).isEqualTo(der);
  }

  @Test
  void opensslReadsAKeyOfOurs() throws Exception {
    Path key = Files.writeString(directory.resolve("key.pem"), BundleKeys.generate());
    openssl("pkey", "-in", key.toString(), "-noout", "-text");
  }

  /** RFC 8032, 7.1, test 1. */
  @Test
  void aPublicKeyIsThatOfTheStandard() throws Exception {
    byte[] der =
        HexFormat.of()
            .parseHex(
                "302e020100300506032b657004220420"
                    + "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    String pem =
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getEncoder().encodeToString(der)
            + "\n-----END PRIVATE KEY-----\n";
    byte[] expected =
        HexFormat.of().parseHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    assertThat(BundleKeys.publicWord(BundleKeys.read(pem, "x")))
        .isEqualTo("ed25519:" + Base64.getEncoder().encodeToString(expected));
  }

  @Test
  void onlyWhatWasSignedByABelievedKeyIsUsed() throws Exception {
    PrivateKey ours = BundleKeys.read(BundleKeys.generate(), "ours");
    PrivateKey other = BundleKeys.read(BundleKeys.generate(), "other");
    PublicKey believed = BundleKeys.publicKey(BundleKeys.publicWord(ours));
    PublicKey otherBelieved = BundleKeys.publicKey(BundleKeys.publicWord(other));
    CatalogEntry.Bundle bundle = signed(ours);
    assertThatCode(() -> Signatures.require(ENTRY, bundle, List.of(otherBelieved, believed)))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> Signatures.require(ENTRY, bundle, List.of(otherBelieved)))
        .hasMessageContaining("none of the keys");
    assertThatThrownBy(() -> Signatures.require(ENTRY, bundle, List.of()))
        .hasMessageContaining("no key is believed");
    assertThatThrownBy(() -> Signatures.require(ENTRY, BUNDLE, List.of(believed)))
        .hasMessageContaining("nobody has signed it");
    assertThatThrownBy(() -> Signatures.require(ENTRY, bundle.signed("!"), List.of(believed)))
        .hasMessageContaining("none of the keys");
  }

  @Test
  void aSignatureHoldsForNothingElse() throws Exception {
    PrivateKey key = BundleKeys.read(BundleKeys.generate(), "x");
    List<PublicKey> believed = List.of(BundleKeys.publicKey(BundleKeys.publicWord(key)));
    CatalogEntry.Bundle b = signed(key);
    List<CatalogEntry> others =
        List.of(
            new CatalogEntry("tool", "3", "amd64", "", b),
            new CatalogEntry("tools", "4", "amd64", "", b),
            new CatalogEntry("tools", "3", "arm64", "", b),
            ENTRY.from(new CatalogEntry.Bundle("6.1.1", b.url(), 12, b.sha256(), b.signature())),
            ENTRY.from(new CatalogEntry.Bundle("6.1.0", b.url(), 13, b.sha256(), b.signature())),
            ENTRY.from(
                new CatalogEntry.Bundle("6.1.0", b.url(), 12, "cd".repeat(32), b.signature())));
    for (CatalogEntry entry : others) {
      assertThatThrownBy(
              () -> Signatures.require(entry, (CatalogEntry.Bundle) entry.origin(), believed))
          .hasMessageContaining("none of the keys");
    }
    CatalogEntry moved =
        ENTRY.from(new CatalogEntry.Bundle("6.1.0", "elsewhere", 12, b.sha256(), b.signature()));
    assertThatCode(() -> Signatures.require(moved, (CatalogEntry.Bundle) moved.origin(), believed))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "ed25519:", "ed25519:AAAA", "rsa:AAAA", "ed25519:!!!", "x"})
  void whatIsNoPublicKeyIsRefused(String word) {
    assertThatThrownBy(() -> BundleKeys.publicKey(word))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"
      })
  void whatIsNoPrivateKeyIsRefused(String pem) {
    assertThatThrownBy(() -> BundleKeys.read(pem, "key.pem"))
        .hasMessageContaining("no Ed25519 private key in key.pem");
  }
}
