"""A case as the Open Security Controls Assessment Language has it: assessment results, and a plan of action.

Source: NIST OSCAL 1.1.3, JSON. The tests validate what comes out with compliance-trestle.
"""
