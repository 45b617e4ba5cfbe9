package dev.banger.vm;

import dev.banger.guest.ExecOrder;
import dev.banger.guest.ExecSpec;
import dev.banger.image.Image;
import dev.banger.model.BangerException;

/**
 * The program that a VM is made for. The guest gets its order together with its configuration, so
 * it begins while the host still writes down that the VM runs; the image's own is not started
 * beside it.
 */
public interface FirstProgram {
  /** What to run; asked when the image is known. */
  ExecSpec of(Image image) throws BangerException;

  /** The VM runs, and this is its program; who is told awaits it, or calls it off. */
  void ordered(ExecOrder order);
}
