package dev.banger.net.egress;

import java.util.Locale;

/** One item of a list: what it names may be connected to. */
public sealed interface Rule {
  /** How a list without rules is written. */
  String NONE = "none";

  Service service();

  /** Whatever the host's routes lead to. */
  record Everything() implements Rule {
    @Override
    public Service service() {
      return Service.ANY;
    }

    @Override
    public String toString() {
      return "all";
    }
  }

  /** Every public address. */
  record Internet(Service service) implements Rule {
    @Override
    public String toString() {
      return service.equals(Service.ANY) ? "internet" : "any" + service.suffix();
    }
  }

  /** These addresses, private ones too. */
  record Addresses(AddressRange range, Service service) implements Rule {
    @Override
    public String toString() {
      boolean bare = service.equals(Service.ANY) || !range.six();
      return (bare ? range.written() : "[" + range.written() + "]") + service.suffix();
    }
  }

  /**
   * The public addresses that a name has.
   *
   * @param name in small letters and ASCII, without the dot at its end
   * @param below all names below it, instead of it
   */
  record Domain(String name, boolean below, Service service) implements Rule {
    boolean matches(String asked) {
      String small = asked.toLowerCase(Locale.ROOT);
      return below ? small.endsWith("." + name) : small.equals(name);
    }

    /** As it is written, without its ports. */
    public String pattern() {
      boolean word = name.indexOf('.') < 0;
      return below ? "*." + name : word ? name + "." : name;
    }

    @Override
    public String toString() {
      return pattern() + service.suffix();
    }
  }
}
