"""An embedded simulation of Azure Resource Manager."""

from armsim.simulator import Simulator

__all__ = ["Simulator"]
