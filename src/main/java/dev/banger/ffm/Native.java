package dev.banger.ffm;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * Finds functions of libc and keeps the errno of each call; the one place with restricted methods.
 */
@SuppressWarnings("restricted")
final class Native {
  /** A downcall; the segment takes the errno of this call. */
  @FunctionalInterface
  interface Call {
    long invoke(MemorySegment errno) throws Throwable;
  }

  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final MethodHandle STRERROR =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("strerror"), FunctionDescriptor.of(ADDRESS, JAVA_INT));
  private static final int MESSAGE_LIMIT = 256;

  private Native() {}

  /** A handle whose first argument is the errno segment that {@link #call} hands out. */
  static MethodHandle function(String name, FunctionDescriptor shape, Linker.Option... options) {
    Linker.Option[] all = new Linker.Option[options.length + 1];
    System.arraycopy(options, 0, all, 0, options.length);
    all[options.length] = Linker.Option.captureCallState("errno");
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), shape, all);
  }

  /** Another library than libc; its functions keep no errno. */
  static final class Library {
    private final SymbolLookup symbols;

    private Library(SymbolLookup symbols) {
      this.symbols = symbols;
    }

    MethodHandle function(String name, FunctionDescriptor shape) {
      return LINKER.downcallHandle(symbols.findOrThrow(name), shape);
    }
  }

  /** Loads it for the life of the process. */
  static Library library(String name) throws SystemCallException {
    try {
      return new Library(SymbolLookup.libraryLookup(name, Arena.global()));
    } catch (IllegalArgumentException e) {
      throw new SystemCallException("load " + name, SystemCallException.ENOENT);
    }
  }

  /** A C string that somebody else keeps; empty when there is none. */
  static String text(MemorySegment start, long most) {
    return start.equals(MemorySegment.NULL) ? "" : start.reinterpret(most).getString(0);
  }

  /** Calls; a negative result is a failure. */
  static long call(String name, Call call) throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      long result = call.invoke(state);
      if (result < 0) {
        throw new SystemCallException(name, (int) ERRNO.get(state, 0L));
      }
      return result;
    } catch (SystemCallException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("cannot call " + name, e);
    }
  }

  /** strerror(3): glibc keeps the text for each thread; nobody frees it. */
  static String strerror(int errno) {
    try {
      MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
      return text.reinterpret(MESSAGE_LIMIT).getString(0);
    } catch (Throwable e) {
      return "errno " + errno;
    }
  }
}
