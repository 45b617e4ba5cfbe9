package dev.banger.cli;

import dev.banger.api.Method;
import dev.banger.api.OperationApi;
import dev.banger.api.VmApi;
import org.aesh.command.CommandDefinition;

@CommandDefinition(name = "start", description = "Start VMs", generateHelp = true)
final class VmStart extends EachStart {
  @Override
  Method<VmApi.Start, OperationApi.Begun> method() {
    return VmApi.START_BEGIN;
  }
}
