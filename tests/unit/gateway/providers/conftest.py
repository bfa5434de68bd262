"""A DNS server of the tests' own: names and their addresses may change while it runs."""

import asyncio

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest


class Names(asyncio.DatagramProtocol):
    """Answers A and AAAA questions from `records`; a name that is not there does not exist."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.silent = False
        self.asked = 0

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data, address) -> None:
        self.asked += 1
        if self.silent:
            return
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        question = query.question[0]
        ips = self.records.get(question.name.to_text(omit_final_dot=True))
        wanted = [ip for ip in ips or [] if (":" in ip) == (question.rdtype == dns.rdatatype.AAAA)]
        if ips is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif wanted:
            answer.answer.append(dns.rrset.from_text_list(question.name, 1, "IN", question.rdtype, wanted))
        self.transport.sendto(answer.to_wire(), address)

    @property
    def address(self) -> str:
        host, port = self.transport.get_extra_info("sockname")
        return f"{host}:{port}"


@pytest.fixture
async def names():
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Names, local_addr=("127.0.0.1", 0))
    yield protocol
    transport.close()
