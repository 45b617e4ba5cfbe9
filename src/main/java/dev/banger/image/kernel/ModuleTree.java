package dev.banger.image.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The modules of one kernel, and what is built into it: {@code /lib/modules/RELEASE}. */
final class ModuleTree {
  private final Path directory;
  private final Map<String, Path> modules = new HashMap<>();
  private final Set<String> builtIn = new HashSet<>();

  private ModuleTree(Path directory) {
    this.directory = directory;
  }

  static ModuleTree read(Path directory) throws IOException {
    ModuleTree tree = new ModuleTree(directory);
    try (Stream<Path> files = Files.walk(directory)) {
      files
          .filter(Files::isRegularFile)
          .filter(ModuleFile::isModule)
          .forEach(path -> tree.modules.put(ModuleFile.nameOf(path), path));
    }
    Path list = directory.resolve("modules.builtin");
    if (Files.exists(list)) {
      for (String line : Files.readAllLines(list)) {
        if (!line.isBlank()) {
          tree.builtIn.add(ModuleFile.nameOf(Path.of(line.strip())));
        }
      }
    }
    return tree;
  }

  /**
   * These modules and all that they need, each after what it needs. What is built in is left out;
   * an optional module that does not exist too.
   */
  List<ModuleFile> inLoadOrder(List<String> required, List<String> optional) throws IOException {
    Map<String, ModuleFile> order = new LinkedHashMap<>();
    for (String name : required) {
      add(name, order, new HashSet<>());
    }
    for (String name : optional) {
      if (modules.containsKey(name)) {
        add(name, order, new HashSet<>());
      }
    }
    return new ArrayList<>(order.values());
  }

  private void add(String name, Map<String, ModuleFile> order, Set<String> above)
      throws IOException {
    if (order.containsKey(name) || builtIn.contains(name)) {
      return;
    }
    Path path = modules.get(name);
    if (path == null) {
      throw new IOException("module " + name + " is neither in " + directory + " nor built in");
    }
    if (!above.add(name)) {
      throw new IOException("the modules " + above + " need each other");
    }
    ModuleFile module = ModuleFile.read(path);
    for (String needed : module.depends()) {
      add(needed, order, above);
    }
    above.remove(name);
    order.put(name, module);
  }
}
