package dev.banger.vmm.firecracker;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.util.Locale;

/** A refusal of Firecracker's, with what to do about it. */
final class Refusals {
  private Refusals() {}

  /**
   * @param fault Firecracker's own words
   */
  static BangerException of(ApiRequest request, String fault) {
    return new BangerException(
        code(request, fault),
        "Firecracker refused " + request + ": " + fault,
        cure(request, fault));
  }

  private static boolean says(String fault, String... words) {
    String lower = fault.toLowerCase(Locale.ROOT);
    for (String word : words) {
      if (lower.contains(word)) {
        return true;
      }
    }
    return false;
  }

  private static ErrorCode code(ApiRequest request, String fault) {
    if (says(fault, "resource busy", "os error 16")) {
      return ErrorCode.IN_USE;
    }
    if (says(fault, "permission denied", "os error 13", "operation not permitted")) {
      return ErrorCode.PERMISSION;
    }
    if (says(fault, "cannot allocate memory", "os error 12", "no space left")) {
      return ErrorCode.NO_SPACE;
    }
    return request.path().startsWith("/actions") && says(fault, "kvm")
        ? ErrorCode.HOST_UNSUPPORTED
        : ErrorCode.VMM_FAILED;
  }

  private static String cure(ApiRequest request, String fault) {
    boolean busy = says(fault, "resource busy", "os error 16");
    if (request.path().startsWith("/network-interfaces")) {
      return busy
          ? "another process has this tap device open: end it, or restart the VM for another one"
          : "look at the tap device with `ip -d link`; it must be the VMM user's, with one queue";
    }
    if (request.path().startsWith("/boot-source")) {
      return "the kernel must be an ELF vmlinux that the VMM's user can read: pull it again";
    }
    if (request.path().startsWith("/drives")) {
      return "the disk must be a raw file that the VMM's user can read, and write unless read-only";
    }
    if (says(fault, "kvm") && busy) {
      return "another hypervisor holds KVM: stop it";
    }
    if (says(fault, "kvm")) {
      return "`banger doctor` says what is wrong with KVM; vmm = \"qemu\" does without";
    }
    return "`banger vm logs --vmm` has the VMM's own words";
  }
}
