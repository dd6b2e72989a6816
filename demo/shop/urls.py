"""Pages and pictures of the shop."""

from django.urls import path, re_path
from django.views.generic import RedirectView

from demo.shop import views

urlpatterns = [
    path("", RedirectView.as_view(url="/shop/uk/")),
    re_path(r"^img/(?P<name>[A-Za-z0-9._+-]{1,160})\.svg$", views.picture, name="shop-picture"),
    path("<slug:site_id>/", views.home, name="shop-home"),
    path("<slug:site_id>/p/<str:item_id>", views.product, name="shop-product"),
    path("<slug:site_id>/c/<slug:category_id>", views.listing, name="shop-listing"),
    path("<slug:site_id>/basket", views.basket, name="shop-basket"),
]
