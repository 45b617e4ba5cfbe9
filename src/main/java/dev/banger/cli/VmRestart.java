package dev.banger.cli;

import dev.banger.api.Method;
import dev.banger.api.OperationApi;
import dev.banger.api.VmApi;
import org.aesh.command.CommandDefinition;

@CommandDefinition(name = "restart", description = "Stop and start VMs", generateHelp = true)
final class VmRestart extends EachStart {
  @Override
  Method<VmApi.Start, OperationApi.Begun> method() {
    return VmApi.RESTART_BEGIN;
  }
}
