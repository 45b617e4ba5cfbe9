package dev.banger.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CatalogTest {
  private static final String SUM = "ab".repeat(32);

  private static CatalogEntry bundle(String name, String version) {
    return new CatalogEntry(
        name,
        version,
        "amd64",
        "for \"tests\"",
        new CatalogEntry.Bundle("6.1.0-1-amd64", "files/a b.zst", 9_000_000_000L, SUM, "c2ln"));
  }

  @Test
  void whatIsWrittenIsReadAgain() throws Exception {
    Catalog catalog =
        new Catalog(
            "team 1",
            List.of(
                bundle("tools", "3"),
                new CatalogEntry(
                    "debian", "12", "arm64", "", new CatalogEntry.Elsewhere("deb:bookworm"))));
    assertThat(Catalog.parse(catalog.text(), "here")).isEqualTo(catalog);
  }

  @Test
  void whatALaterVersionAddsIsPassedOver() throws Exception {
    Catalog catalog =
        Catalog.parse(
            """
            {"catalog": "x", "since": 2, "images": [
              {"name": "a", "version": "1", "architecture": "amd64", "reference": "b:2",
               "colour": {"of": ["it"]}}]}
            """,
            "here");
    assertThat(catalog.entries()).singleElement().extracting("name").isEqualTo("a");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "name         | ../etc | the name",
        "name         | Web    | the name",
        "version      | 1:2    | the version",
        "architecture | X86-64 | the architecture",
        "url          |        | either a reference or the url",
        "size         | -1     | the size",
        "sha256       | abc    | the sha256",
        "kernel       | ../../x| the kernel",
      })
  void aMalformedEntryIsRefusedAndNamed(String member, String value, String why) {
    String text = new Catalog("x", List.of(bundle("tools", "3"))).text();
    String set = value == null ? "null" : member.equals("size") ? value : '"' + value + '"';
    String changed =
        text.replaceFirst("\"" + member + "\": *(\"[^\"]*\"|[0-9]+)", "\"" + member + "\": " + set);
    assertThat(changed).isNotEqualTo(text);
    assertThatThrownBy(() -> Catalog.parse(changed, "/a/catalog.json"))
        .hasMessageContaining("/a/catalog.json: image 1 of 1: ")
        .hasMessageContaining(why);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"[]", "{", "''", "null", "{\"catalog\": \"x\"}", "{\"images\": []}"})
  void whatIsNoCatalogIsRefused(String text) {
    assertThatThrownBy(() -> Catalog.parse(text, "here"))
        .hasMessageStartingWith("cannot use the catalog here")
        .hasMessageNotContaining("null".toUpperCase(Locale.ROOT));
  }

  @Test
  void aCatalogThatIsNestedWithoutEndOrTooLongIsRefused() {
    assertThatThrownBy(() -> Catalog.parse("[".repeat(500_000), "here"))
        .hasMessageContaining("nested");
    String many = "{\"catalog\": \"x\", \"images\": [" + "{},".repeat(3000) + "{}]}";
    assertThatThrownBy(() -> Catalog.parse(many, "here"))
        .hasMessageContaining("more than 2000 images");
  }

  @Test
  void latestIsTheFirstUnlessOneIsCalledSo() {
    Catalog catalog = new Catalog("x", List.of(bundle("tools", "3"), bundle("tools", "2")));
    assertThat(catalog.find("tools", "latest", "amd64")).contains(bundle("tools", "3"));
    assertThat(catalog.find("tools", "2", "amd64")).contains(bundle("tools", "2"));
    assertThat(catalog.find("tools", "1", "amd64")).isEmpty();
    assertThat(catalog.find("tools", "2", "arm64")).isEmpty();
    Catalog named = new Catalog("x", List.of(bundle("tools", "3"), bundle("tools", "latest")));
    assertThat(named.find("tools", "latest", "amd64")).contains(bundle("tools", "latest"));
  }

  @Test
  void aNewEntryTakesThePlaceOfItsOldOne() {
    Catalog catalog = new Catalog("x", List.of(bundle("tools", "3"), bundle("tools", "2")));
    CatalogEntry other =
        bundle("tools", "2").from(new CatalogEntry.Bundle("", "other", 1, SUM, ""));
    assertThat(catalog.with(other).entries()).containsExactly(other, bundle("tools", "3"));
  }
}
