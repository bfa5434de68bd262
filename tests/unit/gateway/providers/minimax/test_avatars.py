from gateway.avatars import shipped
from gateway.routing.need import Modality
from troupe.v1.engine_pb2 import GENDER_MALE
from troupe.v1.video_pb2 import AnimateInput, AnimateSettings, ListPortraitsRequest, Speech24k


async def test_an_avatar_speaks_without_svc_video(cloud, ask) -> None:
    rung = cloud.rung(Modality.VIDEO)
    [listed] = await ask(rung, ListPortraitsRequest(), method="ListPortraits")
    leo = next(portrait for portrait in listed.portraits if portrait.gender == GENDER_MALE)
    settings = AnimateSettings(portrait_id=leo.portrait_id)
    speech = AnimateInput(speech=Speech24k(pcm=bytes(48_000)))
    chunks = await ask(rung, AnimateInput(settings=settings), speech)
    assert sum(len(chunk.data) for chunk in chunks) > 1000
    picture = cloud.requests[0].body["content"][1]["image_url"]["url"]
    assert picture.startswith("data:image/webp;base64,")
    assert next(iter(shipped())) == "ada"
