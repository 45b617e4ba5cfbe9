package dev.banger.net.dns;

import dev.banger.model.BangerException;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/** Who has which address now. Asked for every question, so what is told is never old. */
public interface Names {
  /** The addresses of a VM that has some now; none: there is no such VM, or it does not run. */
  List<InetAddress> addresses(String vm) throws BangerException;

  /** Whether a VM has this name, running or not. */
  boolean exists(String vm) throws BangerException;

  /** Whether the address is one that VMs get: nobody else is asked for its name. */
  boolean isOurs(InetAddress address) throws BangerException;

  /** The VM that has the address now. */
  Optional<String> name(InetAddress address) throws BangerException;
}
