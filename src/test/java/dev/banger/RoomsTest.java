package dev.banger;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.banger.model.Version;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The rooms and their arrows, as ARCHITECTURE.md draws them; and one room, one power. */
final class RoomsTest {
  private static final String ROOT = "dev.banger";
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);
  private static final Map<String, Set<String>> ROOMS = readRooms();

  private static String architecture() {
    try {
      return Files.readString(Path.of("ARCHITECTURE.md"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static Map<String, Set<String>> readRooms() {
    Matcher block =
        Pattern.compile("^```rooms\n(.*?)^```", Pattern.MULTILINE | Pattern.DOTALL)
            .matcher(architecture());
    assertThat(block.find()).as("ARCHITECTURE.md has a block of rooms").isTrue();
    Map<String, Set<String>> rooms = new LinkedHashMap<>();
    for (String line : block.group(1).lines().toList()) {
      String[] sides = line.split("->", -1);
      Set<String> uses = new TreeSet<>(Arrays.asList(sides[1].strip().split(" ")));
      uses.remove("");
      assertThat(rooms.keySet()).as("%s names rooms above it", line).containsAll(uses);
      assertThat(rooms.put(sides[0].strip(), uses)).as("%s stands once", line).isNull();
    }
    return rooms;
  }

  /** The first part of the package below the root; empty for the root itself. */
  private static String room(JavaClass type) {
    String name = type.getPackageName();
    if (name.equals(ROOT)) {
      return "";
    }
    String below = name.substring(ROOT.length() + 1);
    int dot = below.indexOf('.');
    return dot < 0 ? below : below.substring(0, dot);
  }

  private static boolean isOurs(JavaClass type) {
    return type.getPackageName().equals(ROOT) || type.getPackageName().startsWith(ROOT + ".");
  }

  private static DescribedPredicate<JavaClass> in(String... rooms) {
    List<String> wanted = List.of(rooms);
    return DescribedPredicate.describe(
        "in " + wanted, type -> isOurs(type) && wanted.contains(room(type)));
  }

  private static DescribedPredicate<JavaClass> mayBeUsedBy(String room) {
    Set<String> uses = ROOMS.get(room);
    return DescribedPredicate.describe(
        "in " + room + " or " + uses,
        type ->
            !isOurs(elementType(type))
                || room(elementType(type)).equals(room)
                || (uses != null && uses.contains(room(elementType(type)))));
  }

  private static JavaClass elementType(JavaClass type) {
    return type.isArray() ? type.getBaseComponentType() : type;
  }

  @Test
  void aRoomUsesOnlyTheRoomsItsLineNames() {
    for (String room : ROOMS.keySet()) {
      classes()
          .that(in(room))
          .should()
          .onlyDependOnClassesThat(mayBeUsedBy(room))
          .because("ARCHITECTURE.md says so")
          .allowEmptyShould(true)
          .check(CLASSES);
    }
  }

  @Test
  void everyPackageIsInARoom() {
    Set<String> rooms = new TreeSet<>();
    CLASSES.forEach(type -> rooms.add(room(type)));
    rooms.remove("");
    assertThat(ROOMS.keySet()).containsAll(rooms);
  }

  @Test
  void mechanismsDoNotNameOneAnother() {
    List<String> mechanisms = List.of("snapshot", "image", "net", "guest", "vmm");
    for (String one : mechanisms) {
      assertThat(ROOMS.getOrDefault(one, Set.of())).doesNotContainAnyElementsOf(mechanisms);
    }
  }

  @Test
  void driversAreNamedByTheDaemonAlone() {
    noClasses()
        .that(not(in("vmm", "daemon")))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(ROOT + ".vmm.*..")
        .check(CLASSES);
  }

  @Test
  void nativeCallsAreInFfmAlone() {
    only("java.lang.foreign..", "ffm");
  }

  @Test
  void theSystemBusIsSpokenInPrivilegedAlone() {
    only("org.freedesktop..", "privileged");
  }

  @Test
  void sshIsServedInGuestAlone() {
    only("org.apache.sshd..", "guest");
  }

  @Test
  void sqlIsInStoreAlone() {
    only("java.sql..", "store");
  }

  @Test
  void processesAreStartedInProcAlone() {
    // The client, too: it must not load what proc needs (native calls) to start a stty or the
    // daemon.
    noClasses()
        .that(not(in("proc")))
        .and()
        .doNotHaveFullyQualifiedName(ROOT + ".cli.Terminal")
        .and()
        .doNotHaveFullyQualifiedName(ROOT + ".cli.DaemonStarter")
        .and()
        .doNotHaveFullyQualifiedName(ROOT + ".cli.OpenSsh")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.ProcessBuilder")
        .check(CLASSES);
  }

  @Test
  void locksAreMadeInLockAlone() {
    noClasses()
        .that(not(in("lock")))
        .should()
        .callConstructorWhere(
            DescribedPredicate.describe(
                "of a lock",
                call ->
                    call.getTargetOwner().getPackageName().equals("java.util.concurrent.locks")))
        .check(CLASSES);
  }

  @Test
  void theCommandLineAndStandardOutputAreInCliAlone() {
    only("org.aesh..", "cli");
    noClasses().that(not(in("cli", ""))).should().accessField(System.class, "out").check(CLASSES);
  }

  @Test
  void signalsAreHandledInOneClassOfTheClient() {
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName(ROOT + ".cli.Signals")
        .and(not(in("daemon")))
        .should()
        .dependOnClassesThat()
        .resideInAPackage("sun.misc..")
        .check(CLASSES);
  }

  @Test
  void theClientLogsNothing() {
    noClasses()
        .that(in("cli", "api", "model"))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.slf4j..", "java.util.logging..")
        .check(CLASSES);
  }

  @Test
  void theClassesThatArchitectureNamesExist() {
    Matcher names = Pattern.compile("`([a-z]+(?:\\.[a-z]+)*\\.[A-Z]\\w+)`").matcher(architecture());
    Set<String> missing = new TreeSet<>();
    while (names.find()) {
      if (!CLASSES.contain(ROOT + "." + names.group(1))) {
        missing.add(names.group(1));
      }
    }
    assertThat(missing).isEmpty();
  }

  @Test
  void theVersionIsThePoms() throws IOException {
    assertThat(Files.readString(Path.of("pom.xml")))
        .contains("<artifactId>banger</artifactId>\n  <version>" + Version.TEXT + "</version>");
  }

  private static void only(String packages, String... rooms) {
    noClasses()
        .that(not(in(rooms)))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(packages)
        .check(CLASSES);
  }
}
