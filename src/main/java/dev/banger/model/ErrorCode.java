package dev.banger.model;

/** The kind of a failure: stable for programs, named in every message. */
public enum ErrorCode {
  /** The request itself is wrong: a bad name, size, reference or option. */
  INVALID,
  /** No such VM, image, kernel, operation or guest file. */
  NOT_FOUND,
  /** The name or thing exists already. */
  ALREADY_EXISTS,
  /** Not in this state: exec in a stopped VM, start of a running one. */
  WRONG_STATE,
  /** Somebody still uses it. */
  IN_USE,
  /** The caller may not do this. */
  PERMISSION,
  /** This host lacks something: a binary, a device, a right. */
  HOST_UNSUPPORTED,
  /** Memory, disk, processes or descriptors are short. */
  NO_SPACE,
  /** Something outside did not answer or broke off: a mirror, a registry. */
  UNAVAILABLE,
  /** A wait passed its limit. */
  TIMEOUT,
  /** Somebody asked for the end of this work. */
  CANCELLED,
  /** The daemon died while it worked on this; what was half made is removed. */
  INTERRUPTED,
  /** The guest did not boot, or its agent failed or vanished. */
  GUEST_FAILED,
  /** The VMM could not start or ended unasked. */
  VMM_FAILED,
  /** Stored state cannot be read. */
  CORRUPT,
  /** Client and daemon speak different versions. */
  VERSION_MISMATCH,
  /** A mistake in banger. */
  INTERNAL
}
