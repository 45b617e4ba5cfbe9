package dev.banger.daemon;

import dev.banger.api.ErrorData;
import dev.banger.api.OperationApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.ops.OperationStatus;
import dev.banger.store.VmRow;
import dev.banger.vm.VmState;
import dev.banger.vm.VmView;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What the rooms know, as the records that clients read. */
final class Views {
  private Views() {}

  static VmApi.View of(VmView vm) {
    VmRow row = vm.row();
    VmState.Running running = vm.state() instanceof VmState.Running r ? r : null;
    return new VmApi.View(
        row.id().value(),
        row.name().value(),
        name(vm.state()),
        reason(vm.state()),
        row.source().image(),
        row.source().kernel(),
        row.shape().cpus(),
        row.shape().memory().bytes(),
        row.shape().disk().bytes(),
        vm.running()
            .map(now -> new VmApi.Shape(now.cpus(), now.memory().bytes(), now.disk().bytes()))
            .orElse(null),
        row.initMode(),
        row.labels(),
        row.env(),
        null,
        running == null ? null : running.pid(),
        running == null ? null : running.accelerator(),
        row.life().created().toEpochMilli(),
        millis(row.life().started().orElse(null)),
        millis(row.life().stopped().orElse(null)));
  }

  private static @Nullable String reason(VmState state) {
    return switch (state) {
      case VmState.Failed failed -> failed.reason();
      case VmState.Stopped stopped -> stopped.why().isEmpty() ? null : stopped.why();
      case VmState.Creating _,
          VmState.Created _,
          VmState.Starting _,
          VmState.Running _,
          VmState.Stopping _,
          VmState.Deleting _ ->
          null;
    };
  }

  private static @Nullable Long millis(@Nullable Instant instant) {
    return instant == null ? null : instant.toEpochMilli();
  }

  private static String name(VmState state) {
    return switch (state) {
      case VmState.Creating _ -> "creating";
      case VmState.Created _ -> "created";
      case VmState.Starting _ -> "starting";
      case VmState.Running _ -> "running";
      case VmState.Stopping _ -> "stopping";
      case VmState.Stopped _ -> "stopped";
      case VmState.Failed _ -> "failed";
      case VmState.Deleting _ -> "deleting";
    };
  }

  /** {@code result} is JSON, or null while there is none. */
  static OperationApi.Status of(OperationStatus status, @Nullable String result) {
    return new OperationApi.Status(
        status.id(),
        status.kind(),
        status.subject(),
        status.state().name().toLowerCase(Locale.ROOT),
        status.stage(),
        status.done(),
        status.total(),
        status.stages().stream()
            .map(stage -> new OperationApi.Stage(stage.name(), stage.took().toMillis()))
            .toList(),
        status.begun().toEpochMilli(),
        millis(status.ended().orElse(null)),
        result,
        status.error().map(error -> of(error, status.id())).orElse(null));
  }

  private static ErrorData of(BangerException error, String operation) {
    String message = error.getMessage();
    return new ErrorData(
        error.code().name(),
        message == null ? "" : message,
        error.reason(),
        error.hint(),
        operation);
  }
}
