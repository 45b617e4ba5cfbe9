package dev.banger.ffm;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.banger.lock.LeafLock;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * libnftables(3), the library behind nft(8): a text of commands is one transaction, and a
 * millisecond, where a process takes ten.
 */
public final class Nftables {
  private static final String LIBRARY = "libnftables.so.1";
  private static final long MOST = 16L << 20;

  private final LeafLock lock = new LeafLock("nftables");
  private final MemorySegment context;
  private final MethodHandle run;
  private final MethodHandle output;
  private final MethodHandle error;

  private Nftables(Native.Library library) {
    MethodHandle make = library.function("nft_ctx_new", FunctionDescriptor.of(ADDRESS, JAVA_INT));
    FunctionDescriptor buffered = FunctionDescriptor.of(JAVA_INT, ADDRESS);
    FunctionDescriptor text = FunctionDescriptor.of(ADDRESS, ADDRESS);
    this.run =
        library.function(
            "nft_run_cmd_from_buffer", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    this.output = library.function("nft_ctx_get_output_buffer", text);
    this.error = library.function("nft_ctx_get_error_buffer", text);
    MethodHandle bufferOutput = library.function("nft_ctx_buffer_output", buffered);
    MethodHandle bufferError = library.function("nft_ctx_buffer_error", buffered);
    try {
      context = (MemorySegment) make.invokeExact(0);
      int _ = (int) bufferOutput.invokeExact(context);
      int _ = (int) bufferError.invokeExact(context);
    } catch (Throwable e) {
      throw new IllegalStateException("cannot begin with " + LIBRARY, e);
    }
  }

  /** Loads the library; an error says that it is not there. For the life of the process. */
  public static Nftables load() throws SystemCallException {
    return new Nftables(Native.library(LIBRARY));
  }

  /** What came of a text of commands. */
  public record Result(boolean done, String output, String error) {}

  /** Runs commands as {@code nft -f} does: all of them, or none. Waits for the kernel. */
  public Result run(String commands) {
    lock.lock();
    try (Arena arena = Arena.ofConfined()) {
      int status = (int) run.invokeExact(context, arena.allocateFrom(commands));
      String said = text(output);
      String wrong = text(error);
      return new Result(status == 0, said, wrong);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("cannot call " + LIBRARY, e);
    } finally {
      lock.unlock();
    }
  }

  private String text(MethodHandle getter) throws Throwable {
    MemorySegment found = (MemorySegment) getter.invokeExact(context);
    return Native.text(found, MOST);
  }
}
