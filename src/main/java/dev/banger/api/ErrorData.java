package dev.banger.api;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/**
 * Why something failed, as an error reply carries it in {@code data}.
 *
 * @param code the name of an {@link dev.banger.model.ErrorCode}
 * @param tried what was tried, on what
 * @param cause why it failed; may be empty
 * @param hint what to do next; may be empty
 * @param operation the operation that failed, if one did
 */
@Json
public record ErrorData(
    String code, String tried, String cause, String hint, @Nullable String operation) {}
