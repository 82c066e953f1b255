"""An embedded Azure Resource Manager: what would `az` see if this were Azure?"""

from armsim.simulator import Simulator

__all__ = ["Simulator"]
